import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import type { JsonPath } from "../../../metadata/document/places.ts";
import {
  fullName,
  isMetadataDocument,
  mapAt,
  mapsAt,
  nameText,
  qualified,
  textAt,
  withoutKey,
  type MetadataDocument,
  type QualifiedName,
} from "../metadata-document.ts";
import type { Operation } from "../document/read-permission.ts";

/** An entry of a list in the metadata, found by the value of a key. */
interface Step {
  readonly list: string;
  readonly key: string;
  /** A text, or the full name of a table or function. */
  readonly value: string;
}

/** An object of the metadata as the server names it (its Hasura/RQL/Types/Metadata/Object.hs). */
export interface MetadataObject {
  readonly type: string;
  /** Unique: it contains the type, and what contains the object. */
  readonly name: string;
  readonly definition: Json;
  /** From the document to the object; a text for a setting, which has no list. */
  readonly place: readonly Step[] | string;
}

const inList = (list: string, key: string, value: string): Step => ({ list, key, value });

export function sourceObject(source: string): MetadataObject {
  return {
    ...{ type: "source", name: `source ${source}`, definition: source },
    place: [inList("sources", "name", source)],
  };
}

export function tableObject(source: string, table: QualifiedName): MetadataObject {
  return {
    ...{ type: "table", name: tableLabel(source, table), definition: nameJson(table) },
    place: tablePlace(source, table),
  };
}

const tableLabel = (source: string, table: QualifiedName): string =>
  `table ${nameText(table)} in source ${source}`;

const tablePlace = (source: string, table: QualifiedName): readonly Step[] => [
  inList("sources", "name", source),
  inList("tables", "table", fullName(table)),
];

export const nameJson = ({ schema, name }: QualifiedName): JsonMap => ({ name, schema });

/** The lists of a table, except permissions. */
export type PartList =
  | "object_relationships"
  | "array_relationships"
  | "computed_fields"
  | "remote_relationships"
  | "event_triggers";

const partTypes: Readonly<Record<PartList, string>> = {
  object_relationships: "object_relation",
  array_relationships: "array_relation",
  computed_fields: "computed_field",
  remote_relationships: "remote_relationship",
  event_triggers: "event_trigger",
};

/** A part of a table. Its definition is the argument of the request that would create it. */
export function partObject(
  source: string,
  table: QualifiedName,
  list: PartList,
  part: JsonMap,
): MetadataObject {
  const name = textAt(part, "name");
  const type = partTypes[list];
  const definition =
    list === "event_triggers"
      ? { table: nameJson(table), configuration: part }
      : { comment: null, ...part, source, table: nameJson(table) };
  return {
    ...{ type, name: `${type} ${name} in ${tableLabel(source, table)}`, definition },
    place: [...tablePlace(source, table), inList(list, "name", name)],
  };
}

export function permissionObject(
  source: string,
  table: QualifiedName,
  operation: Operation,
  entry: JsonMap,
): MetadataObject {
  const role = textAt(entry, "role");
  const type = `${operation}_permission`;
  return {
    ...{ type, name: `${type} ${role} in ${tableLabel(source, table)}` },
    definition: permissionDefinition(operation, entry, source, table),
    place: [...tablePlace(source, table), inList(`${type}s`, "role", role)],
  };
}

/** The definition has defaults that an export leaves out. */
function permissionDefinition(
  operation: Operation,
  entry: JsonMap,
  source: string,
  table: QualifiedName,
): JsonMap {
  const permission = mapAt(entry, "permission");
  const defaults: JsonMap =
    operation === "select"
      ? { allow_aggregations: false, computed_fields: [] }
      : { backend_only: false };
  const given = permission["check"] === null ? withoutKey(permission, "check") : permission;
  return {
    comment: null,
    ...entry,
    permission: { ...defaults, ...given },
    ...{ source, table: nameJson(table) },
  };
}

export function functionObject(source: string, name: QualifiedName): MetadataObject {
  return {
    ...{ type: "function", name: `function ${nameText(name)} in source ${source}` },
    definition: nameJson(name),
    place: [inList("sources", "name", source), inList("functions", "function", fullName(name))],
  };
}

/** A native query or a logical model. */
export function sourcePartObject(
  source: string,
  list: "native_queries" | "logical_models",
  entry: JsonMap,
): MetadataObject {
  const [type, key] =
    list === "native_queries" ? ["native_query", "root_field_name"] : ["logical_model", "name"];
  const name = textAt(entry, key);
  return {
    ...{ type, name: `${type} ${name} in source ${source}`, definition: entry },
    place: [inList("sources", "name", source), inList(list, key, name)],
  };
}

/** A logical model that a field of another one refers to. */
export function innerModelObject(
  outer: MetadataObject,
  inner: string,
  definition: JsonMap,
): MetadataObject {
  const type = `inner_logical_model_${inner}`;
  return { ...outer, type, name: `${type} ${inner} in ${outer.name}`, definition };
}

const listedTypes = {
  remote_schemas: ["remote_schema", "name"],
  actions: ["action", "name"],
  cron_triggers: ["cron_trigger", "name"],
  rest_endpoints: ["rest_endpoint", "name"],
  inherited_roles: ["inherited_role", "role_name"],
} as const;

export type ListedKind = keyof typeof listedTypes;

/** An object of a list of the document itself. */
export function listedObject(list: ListedKind, entry: JsonMap): MetadataObject {
  const [type, key] = listedTypes[list];
  const name = textAt(entry, key);
  const label = list === "inherited_roles" ? `inherited role ${name}` : name;
  return {
    ...{ type, name: `${type} ${label}`, definition: listedDefinition(list, entry) },
    place: [inList(list, key, name)],
  };
}

function listedDefinition(list: ListedKind, entry: JsonMap): JsonMap {
  if (list === "rest_endpoints") return { comment: null, ...entry };
  if (list !== "actions") return entry;
  const { name = null, definition = null, comment = null } = entry;
  return { name, definition, comment };
}

export function customTypesObject(types: JsonMap): MetadataObject {
  const described = (list: string, more: JsonMap = {}): JsonMap[] =>
    mapsAt(types, list).map((type) => ({
      ...{ description: null, ...more, ...type },
      ...(type["fields"] !== undefined && {
        fields: mapsAt(type, "fields").map((field) => ({
          ...(list === "objects" && { arguments: null }),
          ...{ description: null, ...field },
        })),
      }),
    }));
  const definition = {
    input_objects: described("input_objects"),
    objects: described("objects", { relationships: [] }),
    scalars: described("scalars"),
    enums: described("enums"),
  };
  return {
    ...{ type: "custom_types", name: "custom_types custom_types", definition },
    place: "custom_types",
  };
}

/** The metadata without an object. */
export function withoutObject(
  metadata: MetadataDocument,
  { place }: Pick<MetadataObject, "place">,
): MetadataDocument {
  const kept = typeof place === "string" ? withoutKey(metadata, place) : without(metadata, place);
  return isMetadataDocument(kept) ? kept : metadata;
}

function without(map: JsonMap, [step, ...rest]: readonly Step[]): JsonMap {
  if (step === undefined) return map;
  const entries = mapsAt(map, step.list);
  const kept =
    rest.length === 0
      ? entries.filter((entry) => !matches(entry, step))
      : entries.map((entry) => (matches(entry, step) ? without(entry, rest) : entry));
  if (kept.length > 0 || step.list === "sources" || step.list === "tables")
    return { ...map, [step.list]: kept };
  // An export has no empty lists.
  return withoutKey(map, step.list);
}

/** The path to an object in a document. The document does not have to be in the form of an export. */
export function pathTo({ place }: Pick<MetadataObject, "place">, document: JsonMap): JsonPath {
  if (typeof place === "string") return [place];
  const path: (string | number)[] = [];
  let value = document;
  for (const step of place) {
    const list = value[step.list];
    const index = isJsonList(list)
      ? list.findIndex((entry) => isJsonMap(entry) && matches(entry, step))
      : -1;
    if (index < 0) return path;
    path.push(step.list, index);
    const found = isJsonList(list) ? list[index] : undefined;
    value = isJsonMap(found) ? found : {};
  }
  return path;
}

function matches(entry: JsonMap, { key, value }: Step): boolean {
  const own = entry[key];
  if (key !== "table" && key !== "function") return own === value;
  const name = qualified(own);
  return name !== undefined && fullName(name) === value;
}
