import { isJsonList, isJsonMap, type Json, type JsonMap } from "./json.ts";
import type { JsonPath } from "./places.ts";

/** What an object of the metadata is, in words. */
export type ObjectKind =
  | "source"
  | "table"
  | "function"
  | "native query"
  | "logical model"
  | "stored procedure"
  | "object relationship"
  | "array relationship"
  | "remote relationship"
  | "computed field"
  | "event trigger"
  | "select permission"
  | "insert permission"
  | "update permission"
  | "delete permission"
  | "function permission"
  | "action"
  | "action permission"
  | "enum type"
  | "input type"
  | "object type"
  | "scalar type"
  | "remote schema"
  | "remote schema permission"
  | "query collection"
  | "allow list entry"
  | "cron trigger"
  | "REST endpoint"
  | "inherited role";

/** An object of the metadata with its identity: its kind, its name, and what contains it. */
export interface MetadataObject {
  readonly kind: ObjectKind;
  /** Its own name: of a table `public.users`, of a permission the role. */
  readonly name: string;
  /** The same text for two objects exactly if they are the same object. */
  readonly identity: string;
  readonly value: JsonMap;
  readonly path: JsonPath;
  /** The table, function, source, action or remote schema that contains it. */
  readonly within?: MetadataObject;
}

interface ListOfObjects {
  readonly key: string;
  readonly kind: ObjectKind;
  readonly nameOf: (object: JsonMap) => string | undefined;
  readonly parts?: readonly ListOfObjects[];
}

const named = (object: JsonMap): string | undefined => textOf(object["name"]);
const byRole = (object: JsonMap): string | undefined => textOf(object["role"]);

function list(
  key: string,
  kind: ObjectKind,
  nameOf: (object: JsonMap) => string | undefined = named,
  parts: readonly ListOfObjects[] = [],
): ListOfObjects {
  return { key, kind, nameOf, parts };
}

const partsOfTable = [
  list("object_relationships", "object relationship"),
  list("array_relationships", "array relationship"),
  list("remote_relationships", "remote relationship"),
  list("computed_fields", "computed field"),
  list("event_triggers", "event trigger"),
  list("select_permissions", "select permission", byRole),
  list("insert_permissions", "insert permission", byRole),
  list("update_permissions", "update permission", byRole),
  list("delete_permissions", "delete permission", byRole),
];

const tables = list("tables", "table", ({ table }) => qualifiedName(table), partsOfTable);
const functions = list("functions", "function", (object) => qualifiedName(object["function"]), [
  list("permissions", "function permission", byRole),
]);

const partsOfSource = [
  tables,
  functions,
  list("native_queries", "native query", ({ root_field_name: name }) => textOf(name)),
  list("logical_models", "logical model"),
  list("stored_procedures", "stored procedure", (object) =>
    qualifiedName(object["stored_procedure"]),
  ),
];

const lists = [
  list("sources", "source", named, partsOfSource),
  // Config version 2 has the tables and functions of its only source here.
  tables,
  functions,
  list("actions", "action", named, [list("permissions", "action permission", byRole)]),
  list("remote_schemas", "remote schema", named, [
    list("permissions", "remote schema permission", byRole),
  ]),
  list("query_collections", "query collection"),
  list("allowlist", "allow list entry", ({ collection }) => textOf(collection)),
  list("cron_triggers", "cron trigger"),
  list("rest_endpoints", "REST endpoint"),
  list("inherited_roles", "inherited role", ({ role_name: name }) => textOf(name)),
];

const customTypes = [
  list("enums", "enum type"),
  list("input_objects", "input type"),
  list("objects", "object type"),
  list("scalars", "scalar type"),
];

/** Every object of a document that has an identity, each after what contains it. Anything without a name is left out. */
export function objectsOf(document: JsonMap): readonly MetadataObject[] {
  const types = document["custom_types"];
  return [
    ...objectsIn(document, [], lists),
    ...(isJsonMap(types) ? objectsIn(types, ["custom_types"], customTypes) : []),
  ];
}

function objectsIn(
  map: JsonMap,
  path: JsonPath,
  of: readonly ListOfObjects[],
  within?: MetadataObject,
): MetadataObject[] {
  return of.flatMap(({ key, kind, nameOf, parts = [] }) => {
    const items = map[key];
    if (!isJsonList(items)) return [];
    return items.flatMap((value, index) => {
      const name = isJsonMap(value) ? nameOf(value) : undefined;
      if (!isJsonMap(value) || name === undefined) return [];
      const object: MetadataObject = {
        ...{ kind, name, value, path: [...path, key, index] },
        identity: `${within?.identity ?? ""}${JSON.stringify([kind, name])}`,
        ...(within && { within }),
      };
      return [object, ...objectsIn(value, object.path, parts, object)];
    });
  });
}

/** `select permission user of table public.orders in source default`. */
export function objectLabel({ kind, name, within }: MetadataObject): string {
  const own = `${kind} ${name}`;
  if (within === undefined) return own;
  return `${own} ${within.kind === "source" ? "in" : "of"} ${objectLabel(within)}`;
}

/** The name of a table or a function, with its schema: `public.users`. Undefined for anything else. */
export function qualifiedName(value: Json | undefined): string | undefined {
  if (typeof value === "string") return `public.${value}`;
  if (isJsonList(value)) return value.map((part) => textOf(part) ?? "").join(".");
  if (!isJsonMap(value)) return undefined;
  const name = textOf(value["name"]);
  const schema = textOf(value["schema"] ?? value["dataset"]) ?? "public";
  return name === undefined ? undefined : `${schema}.${name}`;
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
