import { isJsonMap, type JsonMap } from "../document/json.ts";
import { documentLists, listAt, type ObjectList } from "../document/object-lists.ts";
import { normalise } from "./normalise.ts";
import { ownPart } from "./own-part.ts";

interface Part {
  readonly kind: string;
  readonly name: string;
}

interface Entry {
  readonly value: JsonMap;
  readonly list: ObjectList;
}

/**
 * The object of a document at the path of a change, without the objects in it, in the one form that is compared. Undefined if the
 * document does not have it.
 */
export function ownFormAt(document: JsonMap, path: readonly Part[]): JsonMap | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return undefined;
  if (first.kind === "setting") {
    const value = document[first.name];
    return value === undefined ? undefined : normalise("setting", { [first.name]: value });
  }
  const found = rest.reduce<Entry | undefined>(
    (outer, part) => outer && entryIn(outer.value, outer.list.lists, part),
    entryIn(document, documentLists, first),
  );
  return found && normalise(found.list.kind, ownPart(found.value, found.list));
}

function entryIn(
  parent: JsonMap,
  lists: Readonly<Record<string, ObjectList>>,
  { kind, name }: Part,
): Entry | undefined {
  const own = Object.entries(lists).find(([, list]) => list.kind === kind);
  if (own === undefined) return undefined;
  const [key, list] = own;
  const value = listAt(parent, key)
    .filter(isJsonMap)
    .find((entry) => list.identity(entry) === name);
  return value && { value, list };
}
