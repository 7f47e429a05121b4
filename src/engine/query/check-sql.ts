import { quoteLiteral } from "../sql/quote.ts";
import type { TreePart } from "./parse-tree.ts";
import { harmlessVolatile } from "./refused-functions.ts";

/** SQLSTATEs that the checks raise. Hasura does not return them if it hides internal errors. */
export const checkState = {
  /** The connection reads text differently from the parser. */
  connection: "HM031",
  /** A function may change something. */
  volatile: "HM032",
  /** The rows are too large for one answer. */
  tooLarge: "HM033",
} as const;

type Name = readonly string[];

/**
 * Fails before the statement runs, in the same transaction, if this connection would read the text differently from the parser
 * (because of a setting that was left on the pooled connection), or if a name in it may stand for a function that is declared VOLATILE:
 * a function, one of an aggregate's own functions, an operator, a cast or `row.function`. All statements of one message are parsed before the first runs, so this one comes
 * first: its error ends the message, however the rest was parsed.
 */
export function checkSql(parts: readonly TreePart[]): string {
  const named = (kind: "function" | "operator" | "type"): Name[] =>
    parts.flatMap((part) => (part.kind === kind ? [part.name] : []));
  const attributes = parts.flatMap((part) => (part.kind === "attribute" ? [part.name] : []));
  // Quoted as a whole, because a name in it may contain any dollar-quote tag.
  return `DO ${quoteLiteral(`DECLARE
  found pg_catalog.text;
BEGIN
  IF pg_catalog.current_setting('standard_conforming_strings') OPERATOR(pg_catalog.<>) 'on'
    OR pg_catalog.current_setting('client_encoding') OPERATOR(pg_catalog.<>) 'UTF8'
  THEN
    RAISE EXCEPTION 'hasura-migrate: standard_conforming_strings must be on, and client_encoding UTF8'
      USING ERRCODE = '${checkState.connection}';
  END IF;
  SELECT pg_catalog.min(p.oid::pg_catalog.regprocedure::pg_catalog.text) INTO found
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
  WHERE p.provolatile OPERATOR(pg_catalog.=) 'v'
    AND NOT (${isHarmless})
    AND (
      ${isNamed("p.proname", named("function"), "pg_catalog.pg_function_is_visible(p.oid)")}
      OR (
        p.proname OPERATOR(pg_catalog.=) ANY (${namesSql(attributes)})
        AND p.pronargs OPERATOR(pg_catalog.>=) 1
        AND (p.pronargs OPERATOR(pg_catalog.-) p.pronargdefaults) OPERATOR(pg_catalog.<=) 1
        AND EXISTS (
          SELECT FROM pg_catalog.pg_type AS t
          WHERE t.oid OPERATOR(pg_catalog.=) p.proargtypes[0]
            AND t.typtype OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'p', 'd']::"char"[])
        )
      )
      OR EXISTS (
        SELECT FROM pg_catalog.pg_aggregate AS a
        JOIN pg_catalog.pg_proc AS f ON f.oid OPERATOR(pg_catalog.=) a.aggfnoid::pg_catalog.oid
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) f.pronamespace
        WHERE p.oid OPERATOR(pg_catalog.=) ANY (ARRAY[${aggregateFunctions}])
          AND (
            ${isNamed("f.proname", named("function"), "pg_catalog.pg_function_is_visible(f.oid)")}
            OR f.proname OPERATOR(pg_catalog.=) ANY (${namesSql(attributes)})
          )
      )
      OR EXISTS (
        SELECT FROM pg_catalog.pg_operator AS o
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) o.oprnamespace
        WHERE o.oprcode OPERATOR(pg_catalog.=) p.oid
          AND ${isNamed("o.oprname", named("operator"), "pg_catalog.pg_operator_is_visible(o.oid)")}
      )
      OR EXISTS (
        SELECT FROM pg_catalog.pg_cast AS c
        JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) c.casttarget
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
        WHERE c.castfunc OPERATOR(pg_catalog.=) p.oid
          AND ${isNamed("t.typname", named("type"), "pg_catalog.pg_type_is_visible(t.oid)")}
      )
    );
  IF found IS NOT NULL THEN
    RAISE EXCEPTION '%', found USING ERRCODE = '${checkState.volatile}';
  END IF;
END`)};`;
}

/** A function of PostgreSQL or of an extension: anybody can give a function of their own the same name. */
const isHarmless = `
      p.proname OPERATOR(pg_catalog.=) ANY (${namesSql(harmlessVolatile)})
      AND (n.nspname OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.name OR EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
          AND d.objid OPERATOR(pg_catalog.=) p.oid
          AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
      ))`;

/** The functions that an aggregate calls, which its own volatility does not depend on. */
const aggregateFunctions = [
  ...["aggtransfn", "aggfinalfn", "aggcombinefn", "aggserialfn", "aggdeserialfn"],
  ...["aggmtransfn", "aggminvtransfn", "aggmfinalfn"],
]
  .map((column) => `a.${column}::pg_catalog.oid`)
  .join(", ");

/** Whether an object, whose schema is `n`, is one of these; a name without a schema is resolved with the search_path. */
function isNamed(column: string, names: readonly Name[], isVisible: string): string {
  const qualified = names.filter(({ length }) => length > 1);
  const bare = names.filter(({ length }) => length === 1);
  const last = (name: Name): string => name.at(-1) ?? "";
  // A dot in a name can only make more names match.
  const paths = qualified.map((name) => `${name.at(-2) ?? ""}.${last(name)}`);
  return `(
        (${column} OPERATOR(pg_catalog.=) ANY (${namesSql(bare.map(last))}) AND ${isVisible})
        OR pg_catalog.concat(n.nspname, '.', ${column})
          OPERATOR(pg_catalog.=) ANY (${textsSql(paths)})
      )`;
}

function namesSql(names: readonly string[]): string {
  return `ARRAY[${[...new Set(names)].map(quoteLiteral).join(", ")}]::pg_catalog.name[]`;
}

function textsSql(texts: readonly string[]): string {
  return `ARRAY[${[...new Set(texts)].map(quoteLiteral).join(", ")}]::pg_catalog.text[]`;
}
