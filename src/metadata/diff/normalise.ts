import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import type { ObjectKind } from "../document/object-lists.ts";

/*
 * Two spellings of one object become the same value here. The server leaves out defaults when it exports metadata, and writes
 * some things in another form than they came in (docs/internals/hasura-metadata.md, "What an export changes").
 */

/** The own part of an object, without the lists in it, in the one form that is compared. */
export function normalise(kind: ObjectKind, own: JsonMap): JsonMap {
  const changed = forms[kind]?.(own) ?? own;
  const withoutDefaults = leaveOut(changed, defaults[kind] ?? {});
  const { comment, ...others } = prune(withoutDefaults);
  return comment === undefined || comment === "" ? others : { ...others, comment };
}

type Form = (own: JsonMap) => JsonMap;

const objectAt = (object: JsonMap, key: string): JsonMap => {
  const value = object[key];
  return isJsonMap(value) ? value : {};
};

const without = (object: JsonMap, ...keys: readonly string[]): JsonMap =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

/** Column names were a map of their own once; an export has both spellings. A root field without a comment can be only its name. */
const tableForm: Form = (own) => {
  if (!isJsonMap(own.configuration)) return own;
  const columns = new Map(Object.entries(objectAt(own.configuration, "column_config")));
  for (const [column, name] of Object.entries(objectAt(own.configuration, "custom_column_names"))) {
    const known = columns.get(column);
    columns.set(column, { custom_name: name, ...(isJsonMap(known) ? known : {}) });
  }
  const rootFields = Object.entries(objectAt(own.configuration, "custom_root_fields"));
  const configuration = {
    ...without(own.configuration, "custom_column_names"),
    column_config: Object.fromEntries(columns),
    custom_root_fields: Object.fromEntries(
      rootFields.map(([key, field]) => [key, typeof field === "string" ? { name: field } : field]),
    ),
  };
  return { ...own, configuration };
};

/** A foreign key's columns as a list, and its table as `schema` and `name`. */
const relationshipForm: Form = (own) => {
  const using = objectAt(own, "using");
  const key = using.foreign_key_constraint_on;
  if (key === undefined) return withTables(own);
  return withTables({ ...own, using: { ...using, foreign_key_constraint_on: keyColumns(key) } });
};

function keyColumns(key: Json): Json {
  if (!isJsonMap(key)) return { columns: isJsonList(key) ? key : [key] };
  const columns = key.columns ?? key.column;
  if (columns === undefined) return key;
  return { ...without(key, "column"), columns: isJsonList(columns) ? columns : [columns] };
}

/** Keys whose value is the name of a table or a function. */
export const tableKeys: ReadonlySet<string> = new Set([
  ...["table", "remote_table", "_table", "function"],
]);

/** The value, with every name of a table or a function as an object with `schema` and `name`. */
function withTables(value: JsonMap): JsonMap {
  const read = (each: Json): Json => {
    if (isJsonList(each)) return each.map(read);
    if (!isJsonMap(each)) return each;
    const entries = Object.entries(each).map(([key, inner]): [string, Json] =>
      tableKeys.has(key) ? [key, tableName(inner)] : [key, read(inner)],
    );
    return Object.fromEntries(entries);
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      tableKeys.has(key) ? tableName(inner) : read(inner),
    ]),
  );
}

function tableName(name: Json): Json {
  if (typeof name === "string") return { schema: "public", name };
  if (isJsonMap(name) && name.schema === undefined && typeof name.name === "string")
    return { schema: "public", ...name };
  return name;
}

/** An insert permission without columns allows all of them. */
const insertPermissionForm: Form = (own) => {
  const permission = objectAt(own, "permission");
  return { ...own, permission: { columns: "*", ...omitNull(permission, "columns") } };
};

/** A check that always holds is the same as no check. */
const updatePermissionForm: Form = (own) => {
  const permission = objectAt(own, "permission");
  return isEmpty(permission.check ?? null)
    ? { ...own, permission: without(permission, "check") }
    : own;
};

const omitNull = (object: JsonMap, key: string): JsonMap =>
  object[key] === null ? without(object, key) : object;

/** The server reads an action's kind for mutations only, and writes none for queries. */
const actionForm: Form = (own) => {
  const definition = objectAt(own, "definition");
  const kind = definition.kind;
  if (definition.type === "query" || kind === "" || kind === null)
    return { ...own, definition: without(definition, "kind") };
  return own;
};

const forms: Readonly<Partial<Record<ObjectKind, Form>>> = {
  table: tableForm,
  "object relationship": relationshipForm,
  "array relationship": relationshipForm,
  "remote relationship": withTables,
  "insert permission": (own) => withTables(insertPermissionForm(own)),
  "select permission": withTables,
  "update permission": (own) => withTables(updatePermissionForm(own)),
  "delete permission": withTables,
  action: actionForm,
  "computed field": withTables,
};

/** The headers that Hasura does not forward to an action unless it is told otherwise [server: Hasura/Authentication/Headers.hs]. */
export const ignoredClientHeaders = [
  ...["Content-Length", "Content-MD5", "User-Agent", "Host", "Origin", "Referer", "Accept"],
  ...["Accept-Encoding", "Accept-Language", "Accept-Datetime", "Cache-Control", "Connection"],
  ...["DNT", "Content-Type"],
];

const transforms: JsonMap = {
  request_transform: { version: 1, template_engine: "Kriti" },
  response_transform: { version: 1, template_engine: "Kriti" },
};

const validatedInput: JsonMap = {
  validate_input: { definition: { timeout: 10, forward_client_headers: false } },
};

/** What the server uses where nothing is written [server: the FromJSON instances and codecs of Hasura/RQL/Types]. */
const defaults: Readonly<Partial<Record<ObjectKind, JsonMap>>> = {
  source: {
    kind: "postgres",
    configuration: {
      connection_info: { isolation_level: "read-committed", use_prepared_statements: false },
      read_replicas: null,
    },
  },
  table: { is_enum: false },
  "insert permission": { permission: { backend_only: false, ...validatedInput } },
  "select permission": { permission: { allow_aggregations: false } },
  "update permission": { permission: { backend_only: false, ...validatedInput } },
  "delete permission": { permission: { backend_only: false, ...validatedInput } },
  "event trigger": {
    definition: { enable_manual: false },
    retry_conf: { num_retries: 0, interval_sec: 10, timeout_sec: 60 },
    trigger_on_replication: false,
    cleanup_config: {
      ...{ batch_size: 10_000, timeout: 60, clean_invocation_logs: false, paused: false },
    },
    ...transforms,
  },
  "remote schema": { definition: { forward_client_headers: false, timeout_seconds: 60 } },
  action: {
    definition: {
      type: "mutation",
      kind: "synchronous",
      timeout: 30,
      forward_client_headers: false,
      ignored_client_headers: ignoredClientHeaders,
      ...transforms,
    },
  },
  "cron trigger": {
    include_in_metadata: true,
    retry_conf: {
      num_retries: 0,
      retry_interval_seconds: 10,
      timeout_seconds: 60,
      tolerance_seconds: 21_600,
    },
    ...transforms,
  },
  "allow list entry": { scope: { global: true } },
  setting: {
    api_limits: { disabled: false },
    metrics_config: { analyze_query_variables: false, analyze_response_body: false },
    opentelemetry: {
      status: "disabled",
      exporter_otlp: { protocol: "http/protobuf", traces_propagators: ["b3"] },
      batch_span_processor: { max_export_batch_size: 512 },
    },
  },
};

/** The object without what is equal to a default. */
function leaveOut(own: JsonMap, known: JsonMap): JsonMap {
  const entries = Object.entries(own).flatMap(([key, value]): [string, Json][] => {
    const usual = known[key];
    if (usual === undefined) return [[key, value]];
    if (isJsonMap(usual) && isJsonMap(value)) return [[key, leaveOut(value, usual)]];
    return JSON.stringify(usual) === JSON.stringify(value) ? [] : [[key, value]];
  });
  return Object.fromEntries(entries);
}

/** Keys where something empty is not the same as nothing: no row filter, no root field at all, or a payload without columns. */
const meaningfulWhenEmpty = new Set([
  ...["filter", "check", "query_root_fields", "subscription_root_fields", "payload"],
]);

/** Keys below which every value counts, because it is part of a condition or a payload. */
const opaque = new Set(["filter", "check", "set", "payload", "_where"]);

/** The object without nulls, empty lists and empty objects, which an export leaves out. */
function prune(object: JsonMap): JsonMap {
  const entries = Object.entries(object).flatMap(([key, value]): [string, Json][] => {
    if (value === null) return [];
    if (opaque.has(key))
      return isEmpty(value) && !meaningfulWhenEmpty.has(key) ? [] : [[key, value]];
    const inner = pruned(value);
    return isEmpty(inner) && !meaningfulWhenEmpty.has(key) ? [] : [[key, inner]];
  });
  return Object.fromEntries(entries);
}

function pruned(value: Json): Json {
  if (isJsonList(value)) return value.map(pruned);
  return isJsonMap(value) ? prune(value) : value;
}

const isEmpty = (value: Json): boolean =>
  (isJsonList(value) && value.length === 0) ||
  (isJsonMap(value) && Object.keys(value).length === 0);
