import pg from "pg";
import type { JsonMap } from "../../../metadata/document/json.ts";
import { mapAt, textAt } from "../metadata-document.ts";
import type { TrackedTable } from "../schema-cache/tracked-table.ts";

const { escapeIdentifier: identifier, escapeLiteral: literal } = pg;

export const triggerOperations = ["INSERT", "UPDATE", "DELETE"] as const;
export type TriggerOperation = (typeof triggerOperations)[number];

/** The name of the trigger and of its function in `hdb_catalog`, cut by PostgreSQL as any name. */
export const triggerName = (name: string, operation: TriggerOperation): string =>
  `notify_hasura_${name}_${operation}`;

/** The part of a trigger's definition for an operation; undefined if it does not fire for it. */
export function operationOf(trigger: JsonMap, operation: TriggerOperation): JsonMap | undefined {
  const definition = mapAt(trigger, "definition");
  const key = operation.toLowerCase();
  return definition[key] === undefined ? undefined : mapAt(definition, key);
}

/**
 * Creates the function and the trigger as the server does (its src-rsr/trigger.sql.shakespeare): the body names the columns, so that
 * it fails when one of them is gone.
 */
export function createTriggerSql(
  table: TrackedTable,
  trigger: JsonMap,
  operation: TriggerOperation,
  spec: JsonMap,
): string {
  const name = identifier(triggerName(textAt(trigger, "name"), operation));
  const [listen, deliver] = [columnsOf(spec, "columns", table), columnsOf(spec, "payload", table)];
  const row = (record: string, columns: readonly string[]): string =>
    `(SELECT "e" FROM (SELECT ${columns.map((column) => `${record}.${identifier(column)}`).join(", ")}) AS "e")`;
  const data = (record: string, isThere: boolean): string =>
    isThere ? `row_to_json(${row(record, deliver)})` : "NULL";
  const log = `PERFORM hdb_catalog.insert_event_log(CAST(${literal(table.name.schema)} AS text), CAST(${literal(table.name.name)} AS text), CAST(${literal(textAt(trigger, "name"))} AS text), TG_OP, _data);`;
  const body = `
DECLARE
  _old record;
  _new record;
  _data json;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    _old := row(${row("OLD", listen)});
    _new := row(${row("NEW", listen)});
  ELSE
    _old := row((select 1));
    _new := row((select 1));
  END IF;
  _data := json_build_object('old', ${data("OLD", operation !== "INSERT")}, 'new', ${data("NEW", operation !== "DELETE")});
  BEGIN
    IF (TG_OP <> 'UPDATE') OR (_old <> _new) THEN
      ${log}
    END IF;
    EXCEPTION WHEN undefined_function THEN
      IF (TG_OP <> 'UPDATE') OR (_old *<> _new) THEN
        ${log}
      END IF;
  END;
  RETURN NULL;
END;`;
  return `CREATE OR REPLACE FUNCTION hdb_catalog.${name}() RETURNS trigger LANGUAGE plpgsql AS ${literal(body)};
${createMissingSql(table, trigger, operation, name)}`;
}

function createMissingSql(
  { name: { schema, name: table } }: TrackedTable,
  trigger: JsonMap,
  operation: TriggerOperation,
  name: string,
): string {
  const on = `${identifier(schema)}.${identifier(table)}`;
  const create = `CREATE TRIGGER ${name} AFTER ${operation} ON ${on} FOR EACH ROW EXECUTE PROCEDURE hdb_catalog.${name}();`;
  const always =
    trigger["trigger_on_replication"] === true
      ? `ALTER TABLE ${on} ENABLE ALWAYS TRIGGER ${name};`
      : "";
  const body = `BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid = ${literal(on)}::regclass
      AND tgname = ${literal(triggerName(textAt(trigger, "name"), operation))}::name) THEN
    ${create} ${always}
  END IF;
END;`;
  return `DO ${literal(body)};`;
}

/** The columns that a trigger names and that exist; all of them for `*`. */
function columnsOf(spec: JsonMap, key: string, { relation }: TrackedTable): readonly string[] {
  const columns = spec[key] ?? "*";
  const all = [...relation.columns.keys()];
  return Array.isArray(columns) ? all.filter((column) => columns.includes(column)) : all;
}

/** Drops the function, and with it the trigger. */
export const dropTriggerSql = (name: string, operation: TriggerOperation): string =>
  `DROP FUNCTION IF EXISTS hdb_catalog.${identifier(triggerName(name, operation))}() CASCADE;`;
