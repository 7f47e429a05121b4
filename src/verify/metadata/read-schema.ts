import type pg from "pg";
import type { DatabaseSchema as NamesOfDatabase } from "../../metadata/consistency/schema.ts";
import type { DatabaseSchema } from "../../local/hasura-api/database/database-schema.ts";
import {
  schemaSql,
  schemaFrom,
  withEnumValues,
} from "../../local/hasura-api/database/read-database.ts";

/** Reads what the metadata of a source can refer to in its database. @param enums the full names of the tables that it uses as enums */
export async function readSchema(
  client: pg.Client,
  enums: readonly string[] = [],
): Promise<DatabaseSchema> {
  const ask = async (text: string): Promise<unknown> => {
    const { rows } = await client.query<unknown[]>({ text, rowMode: "array" });
    return rows[0]?.[0];
  };
  return withEnumValues(schemaFrom(await ask(schemaSql)), enums, ask);
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
