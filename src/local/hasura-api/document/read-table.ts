import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import { parseFailed } from "../hasura-error.ts";
import { readPermissions } from "./read-permission.ts";
import {
  anything,
  boolean,
  list,
  mapOf,
  number,
  object,
  optional,
  required,
  text,
  type Field,
  type Reader,
} from "./read-value.ts";
import { byKey, distinct } from "./sorted-list.ts";

/** An entry of `tables`. Unlike other objects, it may not have other keys. */
export function readTable(tableName: Reader): Reader<JsonMap> {
  const fields = tableFields(tableName);
  const read = object(fields);
  const known = new Set(fields.map(({ key }) => key));
  return (value, path) => {
    const unknown = isJsonMap(value) ? Object.keys(value).filter((key) => !known.has(key)) : [];
    if (unknown.length > 0)
      throw parseFailed(
        `unexpected keys when parsing TableMetadata: ${JSON.stringify(unknown)}`,
        path,
      );
    return read(value, path);
  };
}

function tableFields(tableName: Reader): readonly Field[] {
  const entries = (key: string, read: Reader<JsonMap>, identity: string): Field =>
    optional(key, distinct(key.replaceAll("_", " "), read, byKey(identity)), { omit: [] });
  const permissions = readPermissions(tableName);
  return [
    required("table", tableName),
    optional("is_enum", boolean, { omit: false }),
    optional("configuration", tableConfiguration, { omit: emptyConfiguration }),
    entries("object_relationships", relationship(tableName), "name"),
    entries("array_relationships", relationship(tableName), "name"),
    entries("computed_fields", computedField(tableName), "name"),
    entries("remote_relationships", remoteRelationship, "name"),
    entries("insert_permissions", permissions.insert, "role"),
    entries("select_permissions", permissions.select, "role"),
    entries("update_permissions", permissions.update, "role"),
    entries("delete_permissions", permissions.delete, "role"),
    entries("event_triggers", eventTrigger, "name"),
    optional("apollo_federation_config", anything),
    optional("logical_model", text),
  ];
}

const emptyConfiguration: JsonMap = {
  column_config: {},
  custom_column_names: {},
  custom_root_fields: {},
};

/** A column's custom name is written twice: in `column_config`, and where older versions have it. */
const tableConfiguration: Reader<JsonMap> = (value, path) => {
  const read = object([
    optional("column_config", mapOf(anything), { fallback: {} }),
    optional("comment", anything),
    optional("custom_column_names", mapOf(text), { fallback: {} }),
    optional("custom_name", text),
    optional("custom_root_fields", anything, { fallback: {} }),
  ])(value, path);
  const columns = columnConfiguration(read);
  const names = Object.entries(columns).flatMap(([column, { custom_name: name }]) =>
    name === undefined ? [] : [[column, name] as const],
  );
  return { ...read, column_config: columns, custom_column_names: Object.fromEntries(names) };
};

function columnConfiguration(configuration: JsonMap): Readonly<Record<string, JsonMap>> {
  const { column_config: current = {}, custom_column_names: older = {} } = configuration;
  const columns = new Map<string, JsonMap>();
  for (const [column, name] of Object.entries(isJsonMap(older) ? older : {}))
    columns.set(column, { custom_name: name });
  for (const [column, own] of Object.entries(isJsonMap(current) ? current : {}))
    columns.set(column, { ...columns.get(column), ...(isJsonMap(own) ? own : {}) });
  return Object.fromEntries([...columns].filter(([, own]) => Object.keys(own).length > 0));
}

/** An object or array relationship. */
export function relationship(tableName: Reader): Reader<JsonMap> {
  const manual = object([
    optional("column_mapping", mapOf(text)),
    optional("insertion_order", anything, { fallback: null }),
    optional("remote_native_query", text),
    optional("remote_table", tableName),
  ]);
  const using: Reader = (value, path) => {
    if (!isJsonMap(value)) throw parseFailed("using clause should be an object", path);
    const { foreign_key_constraint_on: key = null, manual_configuration: own = null } = value;
    if ((key === null) === (own === null))
      throw parseFailed(
        "only one of manual_configuration or foreign_key_constraint_on should be present",
        path,
      );
    return own === null
      ? {
          foreign_key_constraint_on: foreignKey(tableName)(
            key,
            `${path}.foreign_key_constraint_on`,
          ),
        }
      : { manual_configuration: manual(own, `${path}.manual_configuration`) };
  };
  return object([required("name", text), required("using", using), optional("comment", text)]);
}

/** One column is written by itself, several as a list. */
function foreignKey(tableName: Reader): Reader {
  return (value, path) => {
    if (!isJsonMap(value)) return single(columns(value, path));
    const { table, column, columns: several } = value;
    if (table === undefined) throw parseFailed("the key 'table' was not present", path);
    if ((column === undefined) === (several === undefined))
      throw parseFailed("expected exactly one of 'column' or 'columns'", path);
    const names = columns(column ?? several ?? null, path);
    const own = names.length === 1 ? { column: single(names) } : { columns: names };
    return { ...own, table: tableName(table, `${path}.table`) };
  };
}

function columns(value: Json, path: string): readonly string[] {
  if (typeof value === "string") return [value];
  if (!isJsonList(value) || value.length === 0) throw parseFailed("Expected string or array", path);
  return list(text)(value, path);
}

const single = (names: readonly string[]): Json => (names.length === 1 ? (names[0] ?? "") : names);

function computedField(functionName: Reader): Reader<JsonMap> {
  const definition = object([
    required("function", functionName),
    optional("session_argument", text),
    optional("table_argument", text),
  ]);
  return object([
    required("name", text),
    required("definition", definition),
    optional("comment", anything),
  ]);
}

const remoteRelationship: Reader<JsonMap> = (value, path) => {
  const old = isJsonMap(value) && !("definition" in value) && "remote_schema" in value;
  // The oldest form has the definition in the relationship itself.
  const { name = null, ...definition } = old ? value : {};
  return object([required("definition", anything), required("name", text)])(
    old ? { name, definition } : value,
    path,
  );
};

const operation = object([
  optional("columns", anything, { fallback: "*" }),
  optional("payload", anything),
]);

/** An event trigger, as in the metadata: the API that creates one has other arguments. */
export const eventTrigger = object([
  required("name", text),
  required(
    "definition",
    object([
      optional("delete", operation),
      optional("enable_manual", boolean, { fallback: false }),
      optional("insert", operation),
      optional("update", operation),
    ]),
  ),
  required(
    "retry_conf",
    object([
      required("interval_sec", number),
      required("num_retries", number),
      optional("timeout_sec", number),
    ]),
  ),
  optional("webhook", text),
  optional("webhook_from_env", text),
  optional("headers", list(anything), { omit: [] }),
  optional("request_transform", anything),
  optional("response_transform", anything),
  optional("cleanup_config", anything),
  optional("trigger_on_replication", boolean, { omit: false }),
]);
