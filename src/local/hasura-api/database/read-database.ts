import * as z from "zod";
import { quoteIdentifier } from "../../../engine/sql/quote.ts";
import { parseJson } from "../../../protocol/json.ts";
import type { PgSession } from "../session.ts";
import { runText } from "../transaction.ts";
import type { DatabaseFunction, DatabaseSchema, Relation } from "./database-schema.ts";

/*
 * One query reads the whole schema, as one JSON value. Which tables and functions count is the server's rule
 * (src-rsr/pg_table_metadata.sql and pg_function_metadata.sql). Names are cast to text: operators of pg_catalog that match exactly are
 * used even where another role has defined one in a schema on the search path.
 */
export const schemaSql = `
WITH relation AS (
  SELECT c.oid, n.nspname::text || '.' || c.relname::text AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname::text NOT LIKE 'pg\\_%'
    AND n.nspname NOT IN ('information_schema', 'hdb_catalog', 'hdb_lib', '_timescaledb_internal')
), relation_column AS (
  SELECT r.oid, json_agg(json_build_object('name', a.attname, 'position', a.attnum,
      'type', pg_catalog.format_type(a.atttypid, NULL),
      'isWritable', a.attidentity <> 'a' AND a.attgenerated <> 's') ORDER BY a.attnum) AS columns
  FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  GROUP BY r.oid
), key AS (
  SELECT k.conrelid, k.contype, k.conname, k.oid, tn.nspname::text || '.' || t.relname::text AS target,
    (SELECT json_agg(a.attname ORDER BY p.i) FROM unnest(k.conkey) WITH ORDINALITY p(attnum, i)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum) AS own,
    (SELECT json_agg(a.attname ORDER BY p.i) FROM unnest(k.confkey) WITH ORDINALITY p(attnum, i)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.attnum) AS theirs
  FROM pg_catalog.pg_constraint k
    LEFT JOIN (pg_catalog.pg_class t JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace) ON t.oid = k.confrelid
  WHERE k.contype IN ('f', 'p')
), relation_key AS (
  SELECT conrelid AS oid,
    json_agg(own) FILTER (WHERE contype = 'p') AS primary_keys,
    json_agg(json_build_object('name', conname, 'oid', oid::text, 'columns', own, 'table', target, 'theirColumns', theirs)
      ORDER BY conname) FILTER (WHERE contype = 'f') AS foreign_keys
  FROM key GROUP BY conrelid
), function AS (
  SELECT n.nspname::text || '.' || p.proname::text AS name, json_agg(json_build_object('oid', p.oid::text,
      'isVolatile', p.provolatile = 'v', 'isVariadic', p.provariadic <> 0::oid,
      'returns', json_build_object('schema', tn.nspname, 'name', t.typname, 'kind', t.typtype),
      'returnsTable', EXISTS (SELECT FROM relation r WHERE r.name = tn.nspname::text || '.' || t.typname::text),
      'parameters', (SELECT coalesce(json_agg(json_build_object('schema', an.nspname, 'name', a.typname, 'kind', a.typtype)
          ORDER BY arg.i), '[]') FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY arg(oid, i)
          JOIN pg_catalog.pg_type a ON a.oid = arg.oid JOIN pg_catalog.pg_namespace an ON an.oid = a.typnamespace),
      'parameterNames', to_json(coalesce(p.proargnames, '{}')))) AS overloads
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_type t ON t.oid = p.prorettype JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
  WHERE n.nspname::text NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'hdb_catalog', 'hdb_lib')
    AND p.prokind = 'f'
  GROUP BY 1
)
SELECT json_build_object(
  'relations', (SELECT coalesce(json_agg(json_build_object('name', name, 'oid', oid::text, 'columns', coalesce(columns, '[]'),
      'primaryKey', coalesce(primary_keys->0, '[]'), 'foreignKeys', coalesce(foreign_keys, '[]')) ORDER BY name), '[]')
    FROM relation LEFT JOIN relation_column USING (oid) LEFT JOIN relation_key USING (oid)),
  'functions', (SELECT coalesce(json_agg(json_build_object('name', name, 'overloads', overloads)), '[]') FROM function),
  'scalars', (SELECT json_agg(DISTINCT typname) FROM pg_catalog.pg_type WHERE typtype <> 'c'))`;

const FunctionType = z.object({ schema: z.string(), name: z.string(), kind: z.string() });
const Schema = z.object({
  relations: z.array(
    z.object({
      name: z.string(),
      oid: z.string(),
      columns: z.array(
        z.object({
          name: z.string(),
          position: z.number(),
          type: z.string(),
          isWritable: z.boolean(),
        }),
      ),
      primaryKey: z.array(z.string()),
      foreignKeys: z.array(
        z.object({
          name: z.string(),
          oid: z.string(),
          columns: z.array(z.string()),
          table: z.string(),
          theirColumns: z.array(z.string()),
        }),
      ),
    }),
  ),
  functions: z.array(
    z.object({
      name: z.string(),
      overloads: z.array(
        z.object({
          oid: z.string(),
          isVolatile: z.boolean(),
          isVariadic: z.boolean(),
          returns: FunctionType,
          returnsTable: z.boolean(),
          parameters: z.array(FunctionType),
          parameterNames: z.array(z.string()),
        }),
      ),
    }),
  ),
  scalars: z.array(z.string()),
});

/**
 * Reads the schema of a source's database, as the session's current transaction sees it.
 * @param enums the full names of tables whose rows are read, too
 * @throws HasuraError for a lost connection
 */
export async function readDatabase(
  session: PgSession,
  enums: readonly string[] = [],
): Promise<DatabaseSchema> {
  const ask: Ask = async (sql) => {
    const { result } = await runText(session, sql);
    return parseJson(result?.[1]?.[0] ?? "");
  };
  return withEnumValues(schemaFrom(await ask(schemaSql)), enums, ask);
}

/** Runs SQL, and returns the first value of its result. */
type Ask = (sql: string) => Promise<unknown>;

/** The schema with the values of enums. @param enums the full names of tables that the metadata uses as enums */
export async function withEnumValues(
  schema: DatabaseSchema,
  enums: readonly string[],
  ask: Ask,
): Promise<DatabaseSchema> {
  const relations = new Map(schema.relations);
  for (const name of enums) {
    const relation = relations.get(name);
    const [key, ...others] = relation?.primaryKey ?? [];
    if (relation === undefined || key === undefined || others.length > 0) continue;
    const [schemaName = "", ...table] = name.split(".");
    const from = [schemaName, table.join(".")].map(quoteIdentifier).join(".");
    const sql = `SELECT coalesce(json_agg(${quoteIdentifier(key)}::text), '[]') FROM ${from}`;
    const enumValues = z.array(z.string()).parse(await ask(sql));
    relations.set(name, { ...relation, enumValues });
  }
  return { ...schema, relations };
}

/** Reads the answer to `schemaSql`. Throws ZodError for anything else. */
export function schemaFrom(answer: unknown): DatabaseSchema {
  const { relations, functions, scalars } = Schema.parse(answer);
  return {
    relations: new Map(
      relations.map(({ columns, ...relation }): [string, Relation] => [
        relation.name,
        { ...relation, columns: new Map(columns.map((column) => [column.name, column])) },
      ]),
    ),
    functions: new Map(
      functions.map(({ name, overloads }): [string, readonly DatabaseFunction[]] => [
        name,
        overloads,
      ]),
    ),
    scalars: new Set(scalars),
  };
}
