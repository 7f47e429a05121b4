import { GraphQLError, parse, type DefinitionNode, type DocumentNode } from "graphql";
import type { SourceText } from "../document/source-text.ts";
import { unreadable, type MetadataFailure } from "../problem.ts";

/**
 * Parses the SDL of actions. No schema is built from it: an export repeats `type Mutation` for each action, and types such as `uuid`
 * exist only on the server.
 * @throws MetadataFailure for a syntax error
 */
export function parseSdl(source: SourceText): readonly DefinitionNode[] {
  if (source.text.trim() === "") return [];
  return parsed(source).definitions;
}

function parsed(source: SourceText): DocumentNode {
  try {
    return parse(source.text);
  } catch (thrown) {
    if (thrown instanceof GraphQLError)
      throw badSdl(source, thrown.positions?.[0] ?? 0, thrown.message);
    if (thrown instanceof RangeError) throw badSdl(source, 0, "types are nested too deeply");
    throw thrown;
  }
}

/** For SDL that is not that of actions and types, with the first words of the Hasura CLI's message. */
export function badSdl(source: SourceText, offset: number, reason: string): MetadataFailure {
  return unreadable(
    { source, offset },
    `error in converting sdl to metadata: ${reason.replace(/\.$/, "")}.`,
  );
}
