import { isJsonList, isJsonMap, type Json, type JsonList, type JsonMap } from "./json.ts";

/** What kinds of objects metadata consists of, each with an identity of its own among its siblings. */
export const objectKinds = [
  "source",
  "table",
  "object relationship",
  "array relationship",
  "remote relationship",
  "computed field",
  "insert permission",
  "select permission",
  "update permission",
  "delete permission",
  "event trigger",
  "function",
  "function permission",
  "native query",
  "logical model",
  "stored procedure",
  "remote schema",
  "remote schema permission",
  "remote schema type",
  "action",
  "action permission",
  "enum type",
  "input type",
  "object type",
  "scalar type",
  "cron trigger",
  "query collection",
  "query",
  "REST endpoint",
  "allow list entry",
  "inherited role",
  "setting",
] as const;
export type ObjectKind = (typeof objectKinds)[number];

/** True for permissions of all kinds of objects. */
export function isPermission(kind: ObjectKind): boolean {
  return kind.endsWith(" permission");
}

/** A list of objects in the metadata, under a key of its parent. */
export interface ObjectList {
  readonly kind: ObjectKind;
  /** The object's identity among its siblings; undefined for an entry of another form. */
  readonly identity: (entry: JsonMap) => string | undefined;
  /** The keys that make up the identity; a difference in their spelling is none. */
  readonly identityKeys: readonly string[];
  /** The lists inside an entry, by the path of keys, joined with dots. */
  readonly lists: Readonly<Record<string, ObjectList>>;
}

const text = (value: Json | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;

function byKey(
  kind: ObjectKind,
  key: string,
  lists: Readonly<Record<string, ObjectList>> = {},
): ObjectList {
  return { kind, identity: (entry) => text(entry[key]), identityKeys: [key], lists };
}

/**
 * The name of a table or a function, with its schema: `public.users`. Hasura reads a plain name of Postgres as one in the schema
 * `public`; other kinds of database have names of other forms: a list, or an object with `dataset`. Undefined for anything else.
 */
export function qualifiedName(name: Json | undefined): string | undefined {
  if (typeof name === "string") return `public.${name}`;
  if (isJsonList(name)) return name.map((part) => text(part) ?? "").join(".");
  if (!isJsonMap(name)) return undefined;
  const own = text(name["name"]);
  const schema = text(name["schema"]) ?? text(name["dataset"]) ?? "public";
  return own === undefined ? undefined : `${schema}.${own}`;
}

function byName(
  kind: ObjectKind,
  key: string,
  lists: Readonly<Record<string, ObjectList>>,
): ObjectList {
  return { kind, identity: (entry) => qualifiedName(entry[key]), identityKeys: [key], lists };
}

/** The tables of a source; in config version 2, of the document. */
export const tableList = byName("table", "table", {
  object_relationships: byKey("object relationship", "name"),
  array_relationships: byKey("array relationship", "name"),
  remote_relationships: byKey("remote relationship", "name"),
  computed_fields: byKey("computed field", "name"),
  event_triggers: byKey("event trigger", "name"),
  select_permissions: byKey("select permission", "role"),
  insert_permissions: byKey("insert permission", "role"),
  update_permissions: byKey("update permission", "role"),
  delete_permissions: byKey("delete permission", "role"),
});

/** The functions of a source; in config version 2, of the document. */
export const functionList = byName("function", "function", {
  permissions: byKey("function permission", "role"),
});

const sources = byKey("source", "name", {
  tables: tableList,
  functions: functionList,
  native_queries: byKey("native query", "root_field_name"),
  logical_models: byKey("logical model", "name", {
    select_permissions: byKey("select permission", "role"),
  }),
  stored_procedures: byName("stored procedure", "stored_procedure", {}),
});

/** The lists of a metadata document, by the path of keys. Everything else in it is a setting. */
export const documentLists: Readonly<Record<string, ObjectList>> = {
  sources,
  actions: byKey("action", "name", { permissions: byKey("action permission", "role") }),
  remote_schemas: byKey("remote schema", "name", {
    permissions: byKey("remote schema permission", "role"),
    remote_relationships: byKey("remote schema type", "type_name", {
      relationships: byKey("remote relationship", "name"),
    }),
  }),
  query_collections: byKey("query collection", "name", {
    "definition.queries": byKey("query", "name"),
  }),
  allowlist: byKey("allow list entry", "collection"),
  cron_triggers: byKey("cron trigger", "name"),
  rest_endpoints: byKey("REST endpoint", "name"),
  inherited_roles: byKey("inherited role", "role_name"),
  "custom_types.enums": byKey("enum type", "name"),
  "custom_types.input_objects": byKey("input type", "name"),
  "custom_types.objects": byKey("object type", "name", {
    relationships: byKey("remote relationship", "name"),
  }),
  "custom_types.scalars": byKey("scalar type", "name"),
};

/** The list at a path of keys, joined with dots; empty where there is none. */
export function listAt(parent: JsonMap, key: string): JsonList {
  const value = key
    .split(".")
    .reduce<Json | undefined>((at, part) => (isJsonMap(at) ? at[part] : undefined), parent);
  return isJsonList(value) ? value : [];
}
