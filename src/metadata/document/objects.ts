import { isJsonMap, type JsonMap } from "./json.ts";
import {
  documentLists,
  functionList,
  listAt,
  tableList,
  type ObjectKind,
  type ObjectList,
} from "./object-lists.ts";
import type { JsonPath } from "./places.ts";

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

/** In config version 2, the tables and functions of the only source are in the document itself. */
const lists = { ...documentLists, tables: tableList, functions: functionList };

/** Every object of a document that has an identity, each after what contains it. Anything without a name is left out. */
export function objectsOf(document: JsonMap): readonly MetadataObject[] {
  return objectsIn(document, [], lists);
}

function objectsIn(
  map: JsonMap,
  path: JsonPath,
  of: Readonly<Record<string, ObjectList>>,
  within?: MetadataObject,
): MetadataObject[] {
  return Object.entries(of).flatMap(([key, { kind, identity, lists: parts }]) =>
    listAt(map, key).flatMap((value, index) => {
      const name = isJsonMap(value) ? identity(value) : undefined;
      if (!isJsonMap(value) || name === undefined) return [];
      const object: MetadataObject = {
        ...{ kind, name, value, path: [...path, ...key.split("."), index] },
        identity: identityIn(scopeOf(kind, within), { kind, name }),
        ...(within && { within }),
      };
      return [object, ...objectsIn(value, object.path, parts, object)];
    }),
  );
}

/** The identity of the object at the end of a path from the outermost object to it. */
export function identityAlong(path: readonly NamedObject[]): string {
  const found = path.reduce<Scope | undefined>((within, { kind, name }) => {
    const identity = identityIn(scopeOf(kind, within), { kind, name });
    return { identity, ...(within && { within }) };
  }, undefined);
  return found?.identity ?? "";
}

type NamedObject = Pick<MetadataObject, "kind" | "name">;

/** What contains an object. */
interface Scope {
  readonly identity: string;
  readonly within?: Scope;
}

function identityIn(scope: Scope | undefined, { kind, name }: NamedObject): string {
  return `${scope?.identity ?? ""}${JSON.stringify([kind, name])}`;
}

/** Where the name of an object is unique: for an event trigger, in the whole source. */
function scopeOf(kind: ObjectKind, within?: Scope): Scope | undefined {
  return kind === "event trigger" ? within?.within : within;
}

/** The objects with the identity of an earlier one, each with the first one. */
export function repeatedObjects(
  document: JsonMap,
): [object: MetadataObject, first: MetadataObject][] {
  const seen = new Map<string, MetadataObject>();
  return objectsOf(document).flatMap((object) => {
    const first = seen.get(object.identity);
    if (first === undefined) seen.set(object.identity, object);
    return first === undefined ? [] : [[object, first]];
  });
}

/** `select permission user of table public.orders in source default`. */
export function objectLabel({ kind, name, within }: MetadataObject): string {
  const own = `${kind} ${name}`;
  if (within === undefined) return own;
  return `${own} ${within.kind === "source" ? "in" : "of"} ${objectLabel(within)}`;
}
