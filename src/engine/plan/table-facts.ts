import { quoteIdentifier, quoteLiteral } from "../sql/quote.ts";
import type { SqlResult } from "../hasura/client.ts";
import type { TableFacts } from "./assessment.ts";

/** The default partition of the table `a`. */
const defaultSql = `SELECT d.partdefid FROM pg_catalog.pg_partitioned_table AS d
    WHERE d.partrelid OPERATOR(pg_catalog.=) a.oid AND d.partdefid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid`;

/** The table `a` with its default partition and, if the name cascades, the tables that refer to it, directly or through others. */
const reachedSql = `CROSS JOIN LATERAL (
  WITH RECURSIVE reached (oid) AS (
    SELECT a.oid
    UNION
    SELECT o.oid FROM reached AS r CROSS JOIN LATERAL (
      SELECT k.conrelid FROM pg_catalog.pg_constraint AS k
      WHERE n.cascades AND k.contype OPERATOR(pg_catalog.=) 'f'::pg_catalog."char" AND k.confrelid OPERATOR(pg_catalog.=) r.oid
      UNION ALL
      SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE n.cascades AND i.inhparent OPERATOR(pg_catalog.=) r.oid
    ) AS o (oid)
  )
  SELECT r.oid, r.oid OPERATOR(pg_catalog.=) a.oid AS is_named FROM reached AS r
  WHERE r.oid OPERATOR(pg_catalog.=) a.oid OR NOT EXISTS (
    SELECT FROM pg_catalog.pg_inherits AS i JOIN reached AS p ON i.inhparent OPERATOR(pg_catalog.=) p.oid
    WHERE i.inhrelid OPERATOR(pg_catalog.=) r.oid)
  UNION
  SELECT p.oid, false FROM (${defaultSql}) AS p (oid)
) AS t`;

/**
 * Looks up tables by the names that a migration uses, in one query that reads only the catalog and the sizes of files. PostgreSQL
 * searches the names as it does for the migration. `reltuples` is an estimate, and -1 (0 without pages, before PostgreSQL 14) for a table
 * that was never analysed. Sizes take a lock that a migration in progress can block, so the wait is bounded. The search path is the
 * migration's, so nothing else depends on it. `cascading`: names with which all tables are looked up that refer to theirs, directly or through
 * others; of a partitioned table, only this one and not its partitions. With a partitioned table, its default partition is looked up.
 */
export function tableFactsSql(
  names: readonly string[],
  cascading: ReadonlySet<string> = new Set(),
): string {
  const values = names.map((name, i) => {
    const path = name.split(".").map(quoteIdentifier).join(".");
    // A name may itself contain a dot.
    return `(${i}, ${quoteLiteral(path)}, ${quoteLiteral(quoteIdentifier(name))}, ${String(cascading.has(name))})`;
  });
  return `SET LOCAL lock_timeout = '1s';
SELECT n.i, s.tuples, s.bytes, s.empty, pg_catalog.concat_ws(', ', d.columns, d.constraints),
  CASE WHEN NOT t.is_named THEN m.nspname END, CASE WHEN NOT t.is_named THEN c.relname END, e.nspname, e.relname
FROM (VALUES ${values.join(", ")}) AS n (i, path, whole, cascades)
JOIN pg_catalog.pg_class AS a ON a.oid OPERATOR(pg_catalog.=)
  coalesce(pg_catalog.to_regclass(n.path), pg_catalog.to_regclass(n.whole))::pg_catalog.oid
${reachedSql}
JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) t.oid
JOIN pg_catalog.pg_namespace AS m ON m.oid OPERATOR(pg_catalog.=) c.relnamespace
LEFT JOIN LATERAL (
  SELECT h.nspname, k.relname FROM (${defaultSql}) AS p (oid)
  JOIN pg_catalog.pg_class AS k ON k.oid OPERATOR(pg_catalog.=) p.oid
  JOIN pg_catalog.pg_namespace AS h ON h.oid OPERATOR(pg_catalog.=) k.relnamespace
) AS e ON t.is_named
CROSS JOIN LATERAL (
  WITH RECURSIVE parts (oid) AS (
    SELECT c.oid
    UNION
    SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i JOIN parts AS p ON i.inhparent OPERATOR(pg_catalog.=) p.oid
  )
  SELECT
    CASE WHEN pg_catalog.bool_and(f.is_parent OR f.has_rows AND f.is_analysed)
      THEN pg_catalog.sum(CASE WHEN f.has_rows THEN f.tuples ELSE 0 END)::pg_catalog.int8 END AS tuples,
    CASE WHEN pg_catalog.bool_and(f.is_parent OR f.has_rows)
      THEN pg_catalog.sum(pg_catalog.pg_total_relation_size(f.oid)) END AS bytes,
    pg_catalog.bool_and(f.is_parent OR f.is_table AND f.heap OPERATOR(pg_catalog.=) 0::pg_catalog.int8) AS empty
  FROM (
    SELECT k.oid, h.heap, greatest(k.reltuples::pg_catalog.float8, 0::pg_catalog.float8) AS tuples,
      k.relkind OPERATOR(pg_catalog.=) 'p'::pg_catalog."char" AS is_parent,
      k.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog."char" AS is_table,
      k.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}'::pg_catalog."char"[]) AS has_rows,
      k.reltuples::pg_catalog.float8 OPERATOR(pg_catalog.>) 0::pg_catalog.float8
        OR h.heap OPERATOR(pg_catalog.=) 0::pg_catalog.int8 AS is_analysed
    FROM parts
    JOIN pg_catalog.pg_class AS k ON k.oid OPERATOR(pg_catalog.=) parts.oid
    CROSS JOIN LATERAL (SELECT pg_catalog.pg_relation_size(k.oid)) AS h (heap)
  ) AS f
) AS s
CROSS JOIN LATERAL (
  SELECT
    (SELECT pg_catalog.string_agg(pg_catalog.format('%I %s%s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END), ', ' ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
        AND NOT a.attisdropped) AS columns,
    (SELECT pg_catalog.string_agg(pg_catalog.format('CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), ', ')
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid
        AND k.contype OPERATOR(pg_catalog.=) ANY ('{c,f}'::pg_catalog."char"[])) AS constraints
) AS d`;
}

/** The answer, by name; a table that was not asked for has its schema, unless that is `public`. */
export function readTableFacts(
  names: readonly string[],
  { rows }: SqlResult,
): ReadonlyMap<string, TableFacts> {
  return new Map(
    rows.flatMap(([index, tuples, bytes, empty, definition, ...others]) => {
      const asked = names[Number(index)];
      if (asked === undefined) return [];
      const parts = partsOf(others.slice(0, 2));
      const defaultParts = partsOf(others.slice(2));
      const path = (parts ?? asked.split(".")).map(quoteIdentifier).join(".");
      const facts: TableFacts = {
        ...(typeof tuples === "string" && { rows: Number(tuples) }),
        ...(typeof bytes === "string" && { bytes: Number(bytes) }),
        isEmpty: empty === "t",
        ...(defaultParts && { defaultPartition: qualified(defaultParts) }),
        definition: `CREATE TABLE ${path} (${definition ?? ""})`,
      };
      return [[parts ? qualified(parts) : asked, facts] as const];
    }),
  );
}

/** Schema and table, unless they are null. */
function partsOf(cells: readonly unknown[]): readonly string[] | undefined {
  const parts = cells.filter((cell) => typeof cell === "string");
  return parts.length === 2 ? parts : undefined;
}

/** As `lint` writes it. */
function qualified(parts: readonly string[]): string {
  return (parts[0] === "public" ? parts.slice(1) : parts).join(".");
}
