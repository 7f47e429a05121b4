import type pg from "pg";
import * as z from "zod";
import type { DatabaseSchema, Relation } from "../../metadata/consistency/schema.ts";

/** Tables and views with their columns, and the foreign keys of tables. */
const relationsSql = `
SELECT n.nspname || '.' || c.relname AS name,
  (SELECT coalesce(json_agg(a.attname), '[]') FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT coalesce(json_agg(json_build_object(
      'table', (SELECT tn.nspname || '.' || t.relname FROM pg_catalog.pg_class t
        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace WHERE t.oid = k.confrelid),
      'columns', (SELECT json_agg(a.attname) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)))), '[]')
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f') AS keys
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'pg_toast')`;

const functionsSql = `
SELECT DISTINCT n.nspname || '.' || p.proname AS name
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname <> 'pg_catalog'`;

const Relations = z.array(
  z.object({
    name: z.string(),
    columns: z.array(z.string()),
    keys: z.array(z.object({ table: z.string(), columns: z.array(z.string()) })),
  }),
);
const Functions = z.array(z.object({ name: z.string() }));

/** Reads what the metadata of a source can refer to in its database. */
export async function readSchema(client: pg.Client): Promise<DatabaseSchema> {
  const relations = Relations.parse((await client.query(relationsSql)).rows);
  const functions = Functions.parse((await client.query(functionsSql)).rows);
  return {
    relations: new Map(
      relations.map(({ name, columns, keys }): [string, Relation] => [
        name,
        { columns: new Set(columns), foreignKeys: keys },
      ]),
    ),
    functions: new Set(functions.map(({ name }) => name)),
  };
}
