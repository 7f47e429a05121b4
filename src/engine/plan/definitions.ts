import type { SqlResult } from "../hasura/client.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/quote.ts";
import type { UsedName } from "./assessment.ts";

/**
 * Looks up domains, and functions none of whose variants is volatile, in one query that reads only the catalog. The rows are the position
 * in the list; of a domain, also the type that its values are stored as, and whether it has a constraint.
 */
export function definitionsSql(names: readonly UsedName[]): string {
  const rows = names.flatMap(({ kind, places }, i) =>
    places.map((place) => (kind === "domain" ? domainSql(i, place) : functionSql(i, place))),
  );
  return rows.join("\nUNION ALL\n");
}

function domainSql(i: number, place: string): string {
  const path = quoteLiteral(pathOf(place));
  // A name may itself contain a dot.
  const whole = quoteLiteral(quoteIdentifier(place));
  return `SELECT ${String(i)}, d.base, d.checked FROM (
  WITH RECURSIVE chain AS (
    SELECT t.oid, t.typbasetype, t.typtypmod, t.typnotnull FROM pg_catalog.pg_type AS t
    WHERE t.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog."char" AND t.oid OPERATOR(pg_catalog.=)
      coalesce(pg_catalog.to_regtype(${path}), pg_catalog.to_regtype(${whole}))::pg_catalog.oid
    UNION ALL
    SELECT t.oid, t.typbasetype, t.typtypmod, t.typnotnull FROM chain AS c
    JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) c.typbasetype
    WHERE t.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog."char"
  )
  SELECT pg_catalog.max(CASE WHEN NOT EXISTS (SELECT FROM chain AS n WHERE n.oid OPERATOR(pg_catalog.=) c.typbasetype)
      THEN pg_catalog.format_type(c.typbasetype, c.typtypmod) END) AS base,
    pg_catalog.bool_or(c.typnotnull OR EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS k WHERE k.contypid OPERATOR(pg_catalog.=) c.oid)) AS checked
  FROM chain AS c
) AS d WHERE d.base IS NOT NULL`;
}

function functionSql(i: number, place: string): string {
  const dot = place.indexOf(".");
  const [schema, last] = [place.slice(0, Math.max(0, dot)), place.slice(dot + 1)];
  const isNamed = (column: string, name: string): string =>
    `${column} OPERATOR(pg_catalog.=) ${quoteLiteral(name)}::pg_catalog.name`;
  const isFound =
    dot < 0
      ? `${isNamed("p.proname", last)} AND pg_catalog.pg_function_is_visible(p.oid)`
      : `${isNamed("p.proname", last)} AND ${isNamed("n.nspname", schema)}`;
  return `SELECT ${String(i)}, NULL::pg_catalog.text, NULL::pg_catalog.bool FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
  WHERE ${isFound}
  HAVING pg_catalog.bool_and(p.provolatile OPERATOR(pg_catalog.<>) 'v'::pg_catalog."char")`;
}

/** The answer: CREATE statements, with the names in the list, that have what matters of each. */
export function readDefinitions(
  names: readonly UsedName[],
  { rows }: SqlResult,
): readonly string[] {
  const found = new Map<number, string>();
  for (const [index, base, checked] of rows) {
    const i = Number(index);
    const used = names[i];
    // The first of the places counts.
    if (used === undefined || found.has(i)) continue;
    const path = pathOf(used.name);
    const constraint = checked === "t" ? " NOT NULL" : "";
    const definition =
      used.kind === "domain"
        ? `CREATE DOMAIN ${path} AS ${base ?? ""}${constraint}`
        : `CREATE FUNCTION ${path}() RETURNS void STABLE LANGUAGE sql AS ''`;
    found.set(i, definition);
  }
  return [...found.values()];
}

function pathOf(name: string): string {
  return name.split(".").map(quoteIdentifier).join(".");
}
