import type { SqlResult } from "../hasura/client.ts";
import { quoteLiteral } from "../sql/quote.ts";
import type { DroppedObject } from "./assessment.ts";

/**
 * Looks up which objects exist, in one query that reads only the catalog: the rows are positions in the list. A type or a collation whose
 * name has no schema is looked for in every schema.
 */
export function existingObjectsSql(objects: readonly DroppedObject[]): string {
  const rows = objects.map(
    (object, i) => `SELECT ${String(i)} WHERE EXISTS (${searchSql(object)})`,
  );
  return rows.join("\nUNION ALL\n");
}

function searchSql({ kind, name }: DroppedObject): string {
  switch (kind) {
    case "schema":
      return `SELECT FROM pg_catalog.pg_namespace AS n WHERE ${isNamed("n.nspname", name)}`;
    case "extension":
      return `SELECT FROM pg_catalog.pg_extension AS e WHERE ${isNamed("e.extname", name)}`;
    case "type":
      return inSchemaSql(name, { catalog: "pg_type", column: "typname", schema: "typnamespace" });
    case "collation":
      return inSchemaSql(name, {
        catalog: "pg_collation",
        column: "collname",
        schema: "collnamespace",
      });
  }
}

function inSchemaSql(
  name: string,
  { catalog, column, schema }: Readonly<Record<"catalog" | "column" | "schema", string>>,
): string {
  const dot = name.indexOf(".");
  const isQualified = `${isNamed("n.nspname", name.slice(0, Math.max(0, dot)))} AND ${isNamed(`o.${column}`, name.slice(dot + 1))}`;
  // A name may itself contain a dot.
  return `SELECT FROM pg_catalog.${catalog} AS o
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) o.${schema}
  WHERE ${isNamed(`o.${column}`, name)} OR ${isQualified}`;
}

function isNamed(column: string, name: string): string {
  return `${column} OPERATOR(pg_catalog.=) ${quoteLiteral(name)}::pg_catalog.name`;
}

/** The answer: positions in the list. */
export function readExistingObjects({ rows }: SqlResult): ReadonlySet<number> {
  return new Set(rows.map(([index]) => Number(index)));
}
