import { GraphQLError, Kind, parse } from "graphql";
import { parseFailed } from "../hasura-error.ts";
import { text, type Reader } from "./read-value.ts";

/** The text of a query or a mutation. */
export const executableText: Reader<string> = (value, path) => {
  const query = text(value, path);
  const found = parsed(query);
  const isExecutable =
    !(found instanceof GraphQLError) &&
    found.definitions.every(
      ({ kind }) => kind === Kind.OPERATION_DEFINITION || kind === Kind.FRAGMENT_DEFINITION,
    );
  if (!isExecutable) throw parseFailed("parsing the graphql query failed", path);
  return query;
};

/** The text of a schema. The server's parser words its errors differently. */
export const schemaText: Reader<string> = (value, path) => {
  const schema = text(value, path);
  const found = parsed(schema);
  if (found instanceof GraphQLError)
    throw parseFailed(`parsing the schema document: ${found.message}`, path);
  return schema;
};

function parsed(source: string) {
  try {
    return parse(source, { noLocation: true });
  } catch (thrown) {
    if (thrown instanceof GraphQLError) return thrown;
    throw thrown;
  }
}
