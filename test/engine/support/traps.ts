import { query } from "../../support/postgres.ts";

/** Types of whatever the ledger's functions may compare, add or join. */
const types = [
  "bigint",
  "integer",
  "smallint",
  "numeric",
  "oid",
  "text",
  "text[]",
  "name",
  "double precision",
  "boolean",
  "timestamptz",
  "interval",
  "jsonb",
  "json",
  "xid",
  '"char"',
];
const operators = ["=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "||", "~~", "!~~"].concat(
  "->",
  "->>",
);

/** Which traps to lay. `everything`: also those that pg_catalog has itself, for a search_path in which public comes first. */
export interface Traps {
  readonly everything: boolean;
}

/**
 * Lays traps in the schema public, as a role that may create there could: operators for all pairs
 * of types, functions with the names and arguments of those of pg_catalog, casts' types. Each that
 * is called leaves a mark that a rollback keeps, and raises an error.
 */
export async function layTraps(url: string, { everything }: Traps): Promise<void> {
  await query(url, "CREATE SEQUENCE public.fired; GRANT ALL ON SEQUENCE public.fired TO PUBLIC");
  const safely = "SET search_path = pg_catalog;\n";
  await query(url, safely + trapOperators(everything));
  await query(url, safely + trapFunctions(everything));
  if (everything) await query(url, safely + trapTypes);
}

/** How many traps have been called. */
export async function firedTraps(url: string): Promise<number> {
  const [row] = await query(
    url,
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS n FROM public.fired",
  );
  return Number(row?.["n"]);
}

function trapOperators(everything: boolean): string {
  return `DO $do$
    DECLARE
      o text; l text; r text; n int := 0; result text;
    BEGIN
      FOREACH o IN ARRAY ARRAY[${operators.map((name) => `'${name}'`).join(", ")}] LOOP
        FOREACH l IN ARRAY ARRAY[${types.map((name) => `'${name}'`).join(", ")}] LOOP
          FOREACH r IN ARRAY ARRAY[${types.map((name) => `'${name}'`).join(", ")}] LOOP
            CONTINUE WHEN NOT ${String(everything)} AND EXISTS (
              SELECT FROM pg_operator
              WHERE oprname = o AND oprleft = l::regtype AND oprright = r::regtype
                AND oprnamespace = 'pg_catalog'::regnamespace);
            n := n + 1;
            result := CASE
              WHEN o IN ('+', '-', '*', '/') THEN 'double precision'
              WHEN o IN ('||', '->', '->>') THEN 'text'
              ELSE 'boolean'
            END;
            EXECUTE format(
              $f$CREATE FUNCTION public.trap%s(%s, %s) RETURNS %s LANGUAGE plpgsql
                AS $t$ BEGIN PERFORM pg_catalog.nextval('public.fired'); RAISE EXCEPTION 'TRAP %%', %L; END $t$;
                CREATE OPERATOR public.%s (leftarg = %s, rightarg = %s, function = public.trap%s)$f$,
              n, l, r, result, concat_ws(' ', l, o, r), o, l, r, n);
          END LOOP;
        END LOOP;
      END LOOP;
    END $do$`;
}

/** The names of functions that a ledger could call, with every signature that pg_catalog has. */
const functionNames = [
  "set_config",
  "current_setting",
  "concat",
  "jsonb_object_agg",
  "array_agg",
  "unnest",
  "string_to_array",
  "jsonb_each_text",
  "jsonb_extract_path_text",
  "jsonb_to_record",
  "jsonb_to_recordset",
  "clock_timestamp",
  "date_part",
  "to_char",
  "timezone",
  "txid_current",
  "pg_backend_pid",
  "current_database",
  "starts_with",
  "max",
  "to_json",
  "json_agg",
  "json_build_object",
  "json_build_array",
  "pg_blocking_pids",
  "to_regclass",
  "to_regtype",
  "format",
  "format_type",
  "concat_ws",
  "string_agg",
  "bool_and",
  "bool_or",
  "sum",
  "pg_relation_size",
  "pg_total_relation_size",
  "pg_get_constraintdef",
  "pg_function_is_visible",
  "array_append",
  "jsonb_set",
  "version",
  "int4",
  "int8",
  "float8",
  "text",
  "oid",
];

const variadicCalls = [
  "format(text, name, text)",
  "format(text, name, text, text)",
  "concat_ws(text, text, text)",
];

function trapFunctions(everything: boolean): string {
  const overloads = everything ? "" : "AND false";
  return `DO $do$
    DECLARE f record; other text;
    BEGIN
      FOR f IN
        SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments,
          pg_get_function_result(p.oid) AS result
        FROM pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.provariadic = 0
          AND p.proname = ANY (ARRAY[${functionNames.map((name) => `'${name}'`).join(", ")}])
          AND pg_get_function_arguments(p.oid) !~ 'internal|cstring|OUT '
          AND pg_get_function_result(p.oid) !~ 'internal|cstring|trigger|record|any' ${overloads}
      LOOP
        EXECUTE format(
          $f$CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql
            AS $t$ BEGIN PERFORM pg_catalog.nextval('public.fired'); RAISE EXCEPTION 'TRAP %%', %L; END $t$$f$,
          f.proname, f.arguments, f.result, f.proname);
      END LOOP;
      -- Overloads that pg_catalog lacks.
      FOREACH other IN ARRAY ARRAY[${functionNames.map((name) => `'${name}'`).join(", ")}] LOOP
        EXECUTE format(
          $f$CREATE FUNCTION public.%I(text, bigint, boolean) RETURNS text LANGUAGE plpgsql
            AS $t$ BEGIN PERFORM pg_catalog.nextval('public.fired'); RAISE EXCEPTION 'TRAP %%', %L; END $t$$f$,
          other, other);
      END LOOP;
      -- Functions of pg_catalog that take any number of arguments, as they are called.
      FOREACH other IN ARRAY ARRAY[${variadicCalls.map((call) => `'${call}'`).join(", ")}] LOOP
        EXECUTE format(
          $f$CREATE FUNCTION public.%s RETURNS text LANGUAGE plpgsql
            AS $t$ BEGIN PERFORM pg_catalog.nextval('public.fired'); RAISE EXCEPTION 'TRAP %%', %L; END $t$$f$,
          other, other);
      END LOOP;
    END $do$`;
}

/** Types whose every value calls a function. */
const trapTypes = ["text", "jsonb", "timestamptz", "oid", "name", "int4", "int8", "float8", "bool"]
  .map(
    (type) => `
      CREATE FUNCTION public.trap_${type}(pg_catalog.${type}) RETURNS pg_catalog.bool LANGUAGE plpgsql
        AS $t$ BEGIN PERFORM pg_catalog.nextval('public.fired'); RAISE EXCEPTION 'TRAP type ${type}'; END $t$;
      CREATE DOMAIN public.${type} AS pg_catalog.${type} CHECK (public.trap_${type}(VALUE));`,
  )
  .join("");
