import type pg from "pg";
import type { DatabaseSchema as NamesOfDatabase } from "../../metadata/consistency/schema.ts";
import type { DatabaseSchema } from "../../local/hasura-api/database/database-schema.ts";
import { schemaSql, schemaFrom } from "../../local/hasura-api/database/read-database.ts";

/** Reads what the metadata of a source can refer to in its database. */
export async function readSchema(client: pg.Client): Promise<DatabaseSchema> {
  const { rows } = await client.query<unknown[]>({ text: schemaSql, rowMode: "array" });
  return schemaFrom(rows[0]?.[0]);
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
