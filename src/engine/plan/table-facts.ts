import { quoteIdentifier, quoteLiteral } from "../sql/quote.ts";
import type { SqlResult } from "../hasura/client.ts";
import type { TableFacts } from "./assessment.ts";

/**
 * Looks up tables by the names that a migration uses, in one query that reads only the catalog and the sizes of files. PostgreSQL
 * searches the names as it does for the migration. `reltuples` is an estimate, and -1 (0 without pages, before PostgreSQL 14) for a table
 * that was never analysed. Sizes take a lock that a migration in progress can block, so the wait is bounded.
 */
export function tableFactsSql(names: readonly string[]): string {
  const values = names.map((name, i) => {
    const path = name.split(".").map(quoteIdentifier).join(".");
    // A name may itself contain a dot.
    return `(${i}, ${quoteLiteral(path)}, ${quoteLiteral(quoteIdentifier(name))})`;
  });
  return `SET LOCAL lock_timeout = '1s';
SELECT n.i, s.tuples, s.bytes, s.empty, pg_catalog.concat_ws(', ', d.columns, d.constraints)
FROM (VALUES ${values.join(", ")}) AS n (i, path, whole)
JOIN pg_catalog.pg_class AS c
  ON c.oid = coalesce(pg_catalog.to_regclass(n.path), pg_catalog.to_regclass(n.whole))
CROSS JOIN LATERAL (
  WITH RECURSIVE parts (oid) AS (
    SELECT c.oid
    UNION
    SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i JOIN parts AS p ON i.inhparent = p.oid
  )
  SELECT
    CASE WHEN pg_catalog.bool_and(f.relkind = 'p' OR (f.relkind IN ('r', 'm') AND (f.reltuples > 0 OR f.heap = 0)))
      THEN pg_catalog.sum(CASE WHEN f.relkind IN ('r', 'm') THEN greatest(f.reltuples, 0) ELSE 0 END)::pg_catalog.int8 END AS tuples,
    CASE WHEN pg_catalog.bool_and(f.relkind IN ('r', 'p', 'm'))
      THEN pg_catalog.sum(pg_catalog.pg_total_relation_size(f.oid)) END AS bytes,
    pg_catalog.bool_and(f.relkind IN ('r', 'p') AND f.heap = 0) AS empty
  FROM (
    SELECT k.oid, k.relkind, k.reltuples, pg_catalog.pg_relation_size(k.oid) AS heap
    FROM parts JOIN pg_catalog.pg_class AS k ON k.oid = parts.oid
  ) AS f
) AS s
CROSS JOIN LATERAL (
  SELECT
    (SELECT pg_catalog.string_agg(pg_catalog.format('%I %s%s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END), ', ' ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT pg_catalog.string_agg(pg_catalog.format('CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), ', ')
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f')) AS constraints
) AS d`;
}

/** The answer, by name. */
export function readTableFacts(
  names: readonly string[],
  { rows }: SqlResult,
): ReadonlyMap<string, TableFacts> {
  return new Map(
    rows.flatMap(([index, tuples, bytes, empty, definition]) => {
      const name = names[Number(index)];
      if (name === undefined) return [];
      const path = name.split(".").map(quoteIdentifier).join(".");
      const facts: TableFacts = {
        ...(typeof tuples === "string" && { rows: Number(tuples) }),
        ...(typeof bytes === "string" && { bytes: Number(bytes) }),
        isEmpty: empty === "t",
        definition: `CREATE TABLE ${path} (${definition ?? ""})`,
      };
      return [[name, facts] as const];
    }),
  );
}
