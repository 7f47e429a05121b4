import {
  isJsonList,
  isJsonMap,
  type Json,
  type JsonMap,
} from "../../../../src/metadata/document/json.ts";
import {
  documentLists,
  type ObjectKind,
  type ObjectList,
} from "../../../../src/metadata/document/object-lists.ts";

/** What the Console and other clients of the API write although it is the default. */
const written: Readonly<Partial<Record<ObjectKind, JsonMap>>> = {
  table: { is_enum: false, configuration: { custom_root_fields: {}, column_config: {} } },
  "insert permission": { comment: "", permission: { columns: "*", set: {}, backend_only: false } },
  "select permission": {
    comment: "",
    permission: {
      ...{ limit: null, computed_fields: [], allow_aggregations: false },
      ...{ query_root_fields: null, subscription_root_fields: null },
    },
  },
  "update permission": { comment: "", permission: { check: {}, set: {}, backend_only: false } },
  "delete permission": { comment: "", permission: { backend_only: false } },
  "object relationship": { comment: null },
  "array relationship": { comment: "" },
  "computed field": { comment: "", definition: { session_argument: null, table_argument: null } },
  "event trigger": {
    ...{ headers: [], cleanup_config: null, trigger_on_replication: false },
    definition: { enable_manual: false },
    retry_conf: { num_retries: 0, interval_sec: 10, timeout_sec: 60 },
  },
  function: { comment: "", configuration: { custom_root_fields: {} } },
  action: {
    comment: "",
    definition: {
      ...{ kind: "synchronous", timeout: 30, headers: [], arguments: [] },
      forward_client_headers: false,
    },
  },
  "remote schema": {
    comment: "",
    definition: { timeout_seconds: 60, headers: [], forward_client_headers: false },
  },
  "cron trigger": {
    ...{ comment: "", headers: [], include_in_metadata: true, payload: null },
    retry_conf: {
      ...{ num_retries: 0, retry_interval_seconds: 10 },
      ...{ timeout_seconds: 60, tolerance_seconds: 21_600 },
    },
  },
  "REST endpoint": { comment: "" },
  "query collection": { comment: "" },
  "allow list entry": { scope: { global: true } },
};

/** A document of version 3 as the Console would have written it: defaults are explicit, and lists without an order have another one. */
export function consoleForm(document: JsonMap): JsonMap {
  return withLists(document, documentLists);
}

function withLists(map: JsonMap, lists: Readonly<Record<string, ObjectList>>): JsonMap {
  return Object.entries(lists).reduce((changed, [key, list]) => {
    const [outer = "", inner] = key.split(".");
    const value = changed[outer];
    if (inner !== undefined)
      return isJsonMap(value)
        ? { ...changed, [outer]: withLists(value, { [inner]: list }) }
        : changed;
    if (!isJsonList(value)) return changed;
    return { ...changed, [outer]: value.map((entry) => entryForm(entry, list)).toReversed() };
  }, map);
}

function entryForm(entry: Json, list: ObjectList): Json {
  if (!isJsonMap(entry)) return entry;
  return reordered(under(written[list.kind] ?? {}, withLists(entry, list.lists)), "");
}

/** The second object, with what only the first has. */
function under(defaults: JsonMap, object: JsonMap): JsonMap {
  const known = Object.entries(defaults).map(([key, value]): [string, Json] => {
    const own = object[key];
    return [key, isJsonMap(value) && isJsonMap(own) ? under(value, own) : (own ?? value)];
  });
  return { ...object, ...Object.fromEntries(known) };
}

const sets = new Set(["columns", "role_set", "methods", "lhs_fields", "computed_fields"]);

/** The keys of all objects, and the members of sets, the other way round. */
function reordered(value: JsonMap, key: string): JsonMap;
function reordered(value: Json, key: string): Json;
function reordered(value: Json, key: string): Json {
  if (isJsonList(value)) {
    const items = value.map((each) => reordered(each, ""));
    return sets.has(key) ? items.toReversed() : items;
  }
  if (!isJsonMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, reordered(inner, name)]),
  );
}
