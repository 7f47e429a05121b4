import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import {
  isMetadataDocument,
  type MetadataDocument,
  type SourceDocument,
} from "../metadata-document.ts";
import { readAction, readCustomTypes } from "./read-action.ts";
import { executableText, schemaText } from "./read-graphql.ts";
import { schedule } from "./read-schedule.ts";
import { readSource } from "./read-source.ts";
import {
  anything,
  boolean,
  list,
  number,
  object,
  optional,
  required,
  text,
  type Field,
  type Reader,
} from "./read-value.ts";
import { byKey, distinct, lastOfEach } from "./sorted-list.ts";

/*
 * Metadata as the server reads it, in the form in which it is exported: the keys, defaults and orders of its
 * Hasura/RQL/Types/Metadata/Serialization.hs (docs/internals/hasura-metadata.md, "What an export changes").
 */

const withSchema = object([
  required("role", text),
  required("definition", object([required("schema", schemaText)])),
]);

const remoteSchemaPermission: Reader = (value, path) => {
  withSchema(value, path);
  return anything(value, path);
};

const remoteSchema = object([
  required("name", text),
  required(
    "definition",
    object([
      optional("url", text),
      optional("url_from_env", text),
      optional("timeout_seconds", number),
      optional("customization", anything),
      optional("headers", list(anything), { omit: [] }),
      optional("forward_client_headers", boolean, { omit: false }),
    ]),
  ),
  optional("comment", text),
  optional("permissions", list(remoteSchemaPermission), { omit: [] }),
  optional("remote_relationships", list(anything), { omit: [] }),
]);

const query = object([required("name", text), required("query", executableText)]);
const queryCollection = object([
  required("name", text),
  required("definition", object([required("queries", list(query))])),
  optional("comment", text),
]);

const allowListEntry = object([
  required("collection", text),
  optional("scope", anything, { fallback: { global: true } }),
]);

const retryConf = { num_retries: 0, retry_interval_seconds: 10, timeout_seconds: 60 };
const cronTrigger = object([
  required("name", text),
  required("webhook", text),
  required("schedule", schedule),
  required("include_in_metadata", boolean),
  optional("payload", anything),
  optional(
    "retry_conf",
    object([
      optional("num_retries", number, { fallback: 0 }),
      optional("retry_interval_seconds", number, { fallback: 10 }),
      optional("timeout_seconds", number, { fallback: 60 }),
      optional("tolerance_seconds", number, { fallback: 21_600 }),
    ]),
    { omit: { ...retryConf, tolerance_seconds: 21_600 } },
  ),
  optional("headers", list(anything), { omit: [] }),
  optional("comment", text),
  optional("request_transform", anything),
  optional("response_transform", anything),
]);

const endpoint = object([
  optional("comment", text),
  required("definition", anything),
  required("methods", list(text)),
  required("name", text),
  required("url", text),
]);

const inheritedRole = object([required("role_name", text), required("role_set", list(text))]);

const named = (key: string, things: string, read: Reader<JsonMap>, identity = "name"): Field =>
  optional(key, distinct(things, read, byKey(identity)), { omit: [] });

/** What both versions of the document have. */
const settings: readonly Field[] = [
  named("remote_schemas", "remote schemas", remoteSchema),
  named("query_collections", "query collections", queryCollection),
  named("allowlist", "allowlist entries", allowListEntry, "collection"),
  named("actions", "actions", readAction),
  optional("custom_types", readCustomTypes, { omit: {} }),
  named("cron_triggers", "cron triggers", cronTrigger),
];

const inVersion3: readonly Field[] = [
  optional("rest_endpoints", byAddress(lastOfEach(endpoint, byKey("name"))), { omit: [] }),
  optional("api_limits", anything, { omit: {} }),
  optional("metrics_config", anything, { omit: {} }),
  named("inherited_roles", "inherited roles", inheritedRole, "role_name"),
  optional("graphql_schema_introspection", anything, { omit: { disabled_for_roles: [] } }),
  optional("network", anything, { omit: {} }),
  optional("backend_configs", anything, { omit: {} }),
  optional("opentelemetry", anything, { omit: {} }),
];

function byAddress(read: Reader<readonly JsonMap[]>): Reader<readonly JsonMap[]> {
  const address = byKey("url");
  return (value, path) => read(value, path).toSorted((a, b) => (address(a) < address(b) ? -1 : 1));
}

const version3 = object([
  required("version", number),
  required("sources", lastOfEach(readSource, byKey("name"))),
  ...settings,
  ...inVersion3,
]);

/**
 * A document of version 3. Unknown keys are dropped.
 * @throws HasuraError parse-failed
 */
export function readVersion3(value: Json, path: string): MetadataDocument {
  const document = version3(value, path);
  if (!isMetadataDocument(document)) throw new Error("The reader of documents has returned none.");
  return document;
}

/** The parts of a document of version 1 or 2, which has no sources. */
export interface WithoutSources {
  readonly tables: readonly JsonMap[];
  readonly functions: readonly JsonMap[];
  readonly settings: JsonMap;
}

const settingsObject = object(settings);

/**
 * In version 1, functions are only their names.
 * @throws HasuraError parse-failed
 */
export function readWithoutSources(value: JsonMap, path: string): WithoutSources {
  const { version, tables = null, functions: listed = [] } = value;
  const functions =
    version !== 2 && isJsonList(listed) ? listed.map((name) => ({ function: name })) : listed;
  const source = readSource(
    { name: "default", kind: "postgres", tables, functions, configuration: {} },
    path,
  );
  return {
    tables: mapsAt(source, "tables"),
    functions: mapsAt(source, "functions"),
    settings: settingsObject(value, path),
  };
}

const parts = object([...settings, ...inVersion3]);

/**
 * Lists and settings of a document in the form of an export.
 * @throws HasuraError parse-failed
 */
export const readPart: Reader<JsonMap> = (value, path) => parts(value, path);

/**
 * One source in the form of an export.
 * @throws HasuraError parse-failed
 */
export function normaliseSource(source: JsonMap): SourceDocument {
  const [read] = readVersion3({ version: 3, sources: [source] }, "$.args").sources;
  if (read === undefined) throw new Error("The reader of documents has lost a source.");
  return read;
}

function mapsAt(map: JsonMap, key: string): readonly JsonMap[] {
  const value = map[key];
  return isJsonList(value) ? value.filter((item) => isJsonMap(item)) : [];
}
