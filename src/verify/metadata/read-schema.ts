import pg from "pg";
import type { JsonMap } from "../../metadata/document/json.ts";
import type { DatabaseSchema as NamesOfDatabase } from "../../metadata/consistency/schema.ts";
import type { DatabaseSchema } from "../../local/hasura-api/database/database-schema.ts";
import { invalidQueries } from "../../local/hasura-api/database/invalid-queries.ts";
import {
  schemaSql,
  schemaFrom,
  withEnumValues,
} from "../../local/hasura-api/database/read-database.ts";
import { enumTables, mapsAt } from "../../local/hasura-api/metadata-document.ts";

type OneStatement = pg.QueryArrayConfig & { readonly queryMode: "extended" };

/** Reads what the metadata of a source can refer to in its database, and prepares its native queries. */
export async function readSchema(client: pg.Client, source: JsonMap = {}): Promise<DatabaseSchema> {
  const ask = async (text: string): Promise<unknown> => {
    // The extended protocol allows one statement only.
    const query: OneStatement = { text, rowMode: "array", queryMode: "extended" };
    const { rows } = await client.query<unknown[]>(query);
    return rows[0]?.[0];
  };
  const schema = await withEnumValues(
    schemaFrom(await ask(schemaSql)),
    enumTables({ tables: mapsAt(source, "tables") }),
    ask,
  );
  const detailOf = (thrown: unknown): string => {
    if (!(thrown instanceof pg.DatabaseError)) throw thrown;
    return thrown.message;
  };
  return { ...schema, invalidQueries: await invalidQueries(source, { ask, detailOf }) };
}

/** The names in a database, and its foreign keys. */
export function namesOf({ relations, functions }: DatabaseSchema): NamesOfDatabase {
  return {
    relations: new Map(
      [...relations].map(([name, { columns, foreignKeys }]) => [
        name,
        { columns: new Set(columns.keys()), foreignKeys },
      ]),
    ),
    functions: new Set(functions.keys()),
  };
}
