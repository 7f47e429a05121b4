import type { JsonMap } from "./json.ts";
import type { ObjectKind } from "./object-lists.ts";
import { objectsOf, type MetadataObject } from "./objects.ts";
import type { JsonPath } from "./places.ts";

/** The type of an object that Hasura reports as inconsistent (docs/internals/hasura-metadata.md, "Inconsistent objects"). */
const types: Readonly<Partial<Record<ObjectKind, string>>> = {
  source: "source",
  table: "table",
  "object relationship": "object_relation",
  "array relationship": "array_relation",
  "remote relationship": "remote_relationship",
  "computed field": "computed_field",
  "insert permission": "insert_permission",
  "select permission": "select_permission",
  "update permission": "update_permission",
  "delete permission": "delete_permission",
  "event trigger": "event_trigger",
  function: "function",
  "function permission": "function_permission",
  "native query": "native_query",
  "logical model": "logical_model",
  "stored procedure": "stored_procedure",
  "remote schema": "remote_schema",
  "remote schema permission": "remote_schema_permission",
  action: "action",
  "action permission": "action_permission",
  "cron trigger": "cron_trigger",
  "REST endpoint": "rest_endpoint",
};

/** The objects of a document of version 3, by the names under which Hasura reports them as inconsistent. */
export function objectsByHasuraName(document: JsonMap): ReadonlyMap<string, MetadataObject> {
  return new Map(
    objectsOf(document).flatMap((object): [string, MetadataObject][] => {
      const type = types[object.kind];
      return type === undefined ? [] : [[`${type} ${nameInHasura(object)}`, object]];
    }),
  );
}

/** The paths of these objects, by the same names. */
export function pathsByHasuraName(document: JsonMap): ReadonlyMap<string, JsonPath> {
  return new Map([...objectsByHasuraName(document)].map(([name, { path }]) => [name, path]));
}

/** `user in table orders in source default`. */
function nameInHasura({ kind, name, within }: MetadataObject): string {
  const own = withoutPublic(name);
  if (within === undefined) return own;
  const outer = nameInHasura(within);
  switch (kind) {
    case "remote schema permission":
      return `${own} permission in remote schema ${outer}`;
    case "action permission":
      return `${own} permission in ${outer}`;
    case "function permission":
      return `${own} permission for function ${outer}`;
    default:
      return `${own} in ${within.kind} ${outer}`;
  }
}

/** Hasura names the schema of a table or a function unless it is `public`. */
function withoutPublic(name: string): string {
  return name.replace(/^public\./, "");
}
