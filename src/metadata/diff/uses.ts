import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { isPermission, qualifiedName } from "../document/object-lists.ts";
import { objectsOf, type MetadataObject } from "../document/objects.ts";
import type { PathPart } from "./change.ts";
import { tableKeys } from "./normalise.ts";

/** Identifies an object. */
type Id = string;

/** The same text for the same object; relationships of all kinds share their names. */
export function idOf(path: readonly PathPart[]): Id {
  return JSON.stringify(path.flatMap(({ kind, name }) => [kind.split(" ").at(-1) ?? "", name]));
}

/**
 * The users of each object in the document `after`, by the object's id: `array relationship lines of public.orders`. The objects are
 * tables, relationships, computed fields, remote schemas and query collections of the document `before`.
 */
export function usesOf(
  objects: ReadonlySet<Id>,
  before: JsonMap,
  after: JsonMap,
): ReadonlyMap<Id, string[]> {
  const targets = foreignKeysIn(before);
  const uses = new Map<Id, Set<string>>();
  for (const object of objectsOf(after))
    for (const id of usedBy(object, targets))
      if (objects.has(id)) uses.set(id, (uses.get(id) ?? new Set()).add(labelOf(object)));
  return new Map([...uses].map(([id, users]) => [id, [...users]]));
}

function labelOf({ kind, name, within }: MetadataObject): string {
  return `${kind} ${name}${within ? ` of ${within.name}` : ""}`;
}

const tableId = (source: string, table: string): Id =>
  idOf([
    { kind: "source", name: source },
    { kind: "table", name: table },
  ]);

/**
 * The tables that foreign keys refer to, by the columns of the keys. An object relationship names only its own columns; an array
 * relationship of the other table names the same columns.
 */
function foreignKeysIn(document: JsonMap): ReadonlyMap<string, Id> {
  return new Map(
    objectsOf(document).flatMap((object) => {
      const key = object.kind === "array relationship" ? foreignKey(object.value) : undefined;
      if (!isJsonMap(key) || object.within === undefined) return [];
      const source = sourceOf(object);
      const columns = columnsId(
        source,
        qualifiedName(key["table"]),
        key["column"] ?? key["columns"],
      );
      return [[columns, tableId(source, object.within.name)]];
    }),
  );
}

function foreignKey({ using }: JsonMap): Json | undefined {
  return isJsonMap(using) ? using["foreign_key_constraint_on"] : undefined;
}

function columnsId(source: string, table: string | undefined, columns: Json | undefined): string {
  return JSON.stringify([source, table, isJsonList(columns) ? columns : [columns]]);
}

function sourceOf({ within }: MetadataObject): string {
  return within?.within?.name ?? "default";
}

function usedBy(object: MetadataObject, targets: ReadonlyMap<string, Id>): Id[] {
  const { kind, value, within } = object;
  const source = sourceOf(object);
  if (kind === "object relationship") {
    const id = targets.get(columnsId(source, within?.name, foreignKey(value)));
    if (id !== undefined) return [id];
  }
  if (kind.endsWith(" relationship")) return referencesIn(value, source);
  if (isPermission(kind) && within?.kind === "table")
    return [...referencesIn(value, source), ...fieldsOf(value["permission"], source, within.name)];
  if (kind === "allow list entry" || kind === "REST endpoint") return referencesIn(value, source);
  return [];
}

/** The tables, remote schemas and collections that the value names. */
function referencesIn(value: Json, source: string): Id[] {
  if (isJsonList(value)) return value.flatMap((each) => referencesIn(each, source));
  if (!isJsonMap(value)) return [];
  const own = typeof value["source"] === "string" ? value["source"] : source;
  return Object.entries(value).flatMap(([key, inner]) => {
    if (tableKeys.has(key)) return [tableId(own, qualifiedName(inner) ?? "")];
    if (typeof inner !== "string") return referencesIn(inner, source);
    if (key === "remote_schema") return [idOf([{ kind: "remote schema", name: inner }])];
    const isCollection = key === "collection" || key === "collection_name";
    return isCollection ? [idOf([{ kind: "query collection", name: inner }])] : [];
  });
}

/** The relationships and computed fields of its own table that a permission names. */
function fieldsOf(permission: Json | undefined, source: string, table: string): Id[] {
  if (!isJsonMap(permission)) return [];
  const fields = permission["computed_fields"] ?? [];
  const names = [
    ...(isJsonList(fields) ? fields.map(String) : []),
    ...[permission["filter"], permission["check"]].flatMap(namesIn),
  ];
  return names.flatMap((name) =>
    (["object relationship", "computed field"] as const).map((kind) =>
      idOf([
        { kind: "source", name: source },
        { kind: "table", name: table },
        { kind, name },
      ]),
    ),
  );
}

/** The names at the root of a condition. */
function namesIn(condition: Json | undefined): string[] {
  if (isJsonList(condition)) return condition.flatMap(namesIn);
  if (!isJsonMap(condition)) return [];
  return Object.entries(condition).flatMap(([key, value]) =>
    /^[_$](and|or|not)$/.test(key) ? namesIn(value) : [key],
  );
}
