import { canonicalText } from "../diff/canonical-text.ts";
import { compareFields, isSet } from "../diff/compare-fields.ts";
import { normalise } from "../diff/normalise.ts";
import { ownPart } from "../diff/own-part.ts";
import { isJsonList, isJsonMap, type Json, type JsonList, type JsonMap } from "../document/json.ts";
import { type ObjectKind, type ObjectList } from "../document/object-lists.ts";
import { allLists } from "./document-form.ts";
import { entriesInOrder, itemsInOrder } from "./keep-order.ts";

/*
 * A document that means what the server's does, and is spelled as the project's wherever the two mean the same: an export leaves out
 * defaults, and has an order and a form of its own. What does not differ is the very same value as in the project's document.
 */

/** Both documents have the form of the project. */
export function inSpellingOf(project: JsonMap, server: JsonMap): JsonMap {
  const withLists = mergedLists(project, server, allLists);
  const listKeys = new Set(Object.keys(allLists).map((key) => key.split(".")[0]));
  const settings = [...new Set([...Object.keys(project), ...Object.keys(server)])]
    .filter((key) => !listKeys.has(key))
    .map((key): [string, Json | undefined] => [key, setting(key, project, server)]);
  return entriesInOrder({ ...withLists, ...defined(settings) }, project, server);
}

function setting(key: string, project: JsonMap, server: JsonMap): Json | undefined {
  if (key === "version") return server[key];
  const pick = (document: JsonMap): JsonMap => defined([[key, document[key]]]);
  return mergedOwn("setting", pick(project), pick(server))[key];
}

function defined(entries: readonly (readonly [string, Json | undefined])[]): JsonMap {
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** An object of both documents. */
function mergedObject(project: JsonMap, server: JsonMap, list: ObjectList): JsonMap {
  const identity = defined(list.identityKeys.map((key) => [key, project[key]]));
  const before = ownPart(project, list);
  const own = mergedOwn(list.kind, before, ownPart(server, list));
  const lists = mergedLists(project, server, list.lists);
  const whole = withLists({ ...identity, ...own }, lists, list);
  return canonicalText(whole) === canonicalText(project)
    ? project
    : entriesInOrder(whole, project, server);
}

/** The lists of a parent by their first key; a list below another key has the other keys of the parent beside it. */
function mergedLists(
  project: JsonMap,
  server: JsonMap,
  lists: Readonly<Record<string, ObjectList>>,
): JsonMap {
  return Object.entries(lists).reduce<JsonMap>((merged, [path, list]) => {
    const before = valueAt(project, path);
    const value = mergedList(before, valueAt(server, path), list);
    return value === undefined ? merged : withValueAt(merged, path, value);
  }, {});
}

function mergedList(
  project: Json | undefined,
  server: Json | undefined,
  list: ObjectList,
): Json | undefined {
  const isNothing = !isJsonList(server) || server.length === 0;
  if (isNothing) return isJsonList(project) && project.length > 0 ? server : (project ?? undefined);
  if (!isJsonList(project)) return server;
  const wanted = byIdentity(server, list);
  const items = byIdentity(project, list);
  const kept = [...items].flatMap(([identity, item]): [string, Json][] => {
    const other = wanted.get(identity);
    if (other === undefined) return [];
    const isObject = isJsonMap(item) && isJsonMap(other);
    return [[identity, isObject ? mergedObject(item, other, list) : other]];
  });
  const merged = itemsInOrder(new Map(kept), wanted);
  const isSame =
    merged.length === project.length && merged.every((item, index) => item === project[index]);
  return isSame ? project : merged;
}

/** The server refuses two objects of one identity. */
function byIdentity(items: JsonList, { identity }: ObjectList): Map<string, Json> {
  return new Map(
    items.map((item) => [
      (isJsonMap(item) ? identity(item) : undefined) ?? canonicalText(item),
      item,
    ]),
  );
}

/** The own part of an object that means what the server's does. */
function mergedOwn(kind: ObjectKind, project: JsonMap, server: JsonMap): JsonMap {
  const [before, after] = [normalise(kind, project), normalise(kind, server)];
  if (compareFields(before, after).length === 0) return project;
  const merged = mergedMap({ project, server, before, after });
  return compareFields(normalise(kind, merged), after).length === 0 ? merged : server;
}

/** Two values as they are written, and what they mean. */
interface Compared {
  readonly project: JsonMap;
  readonly server: JsonMap;
  readonly before: JsonMap;
  readonly after: JsonMap;
}

function mergedMap({ project, server, before, after }: Compared): JsonMap {
  const keys = new Set([...Object.keys(project), ...Object.keys(server)]);
  const merged = [...keys].map((key): [string, Json | undefined] => {
    const [own, other] = [project[key], server[key]];
    const [is, shouldBe] = [before[key], after[key]];
    if (compareFields(defined([[key, is]]), defined([[key, shouldBe]])).length === 0)
      return [key, own];
    if (isJsonMap(own) && isJsonMap(other))
      return [
        key,
        mergedMap({ project: own, server: other, before: asMap(is), after: asMap(shouldBe) }),
      ];
    return [key, mergedValue(key, own, other)];
  });
  return entriesInOrder(defined(merged), project, server);
}

const asMap = (value: Json | undefined): JsonMap => (isJsonMap(value) ? value : {});

function mergedValue(
  key: string,
  own: Json | undefined,
  other: Json | undefined,
): Json | undefined {
  if (!isJsonList(own) || !isJsonList(other)) return other;
  return isSet(key) ? mergedSet(own, other) : mergedParts(own, other);
}

/** The members of a set in the project's order; in alphabetical order if they were in it. */
function mergedSet(own: JsonList, other: JsonList): JsonList {
  const texts = new Map(other.map((member) => [canonicalText(member), member]));
  const members = own.map((member): [string, Json] => [canonicalText(member), member]);
  const kept = new Map(members.filter(([text]) => texts.has(text)));
  const merged = itemsInOrder(kept, texts);
  const names = own.map(canonicalText);
  const isSorted = names.every((name, i) => i === 0 || (names[i - 1] ?? "") <= name);
  return isSorted
    ? [...merged].sort((a, b) => (canonicalText(a) < canonicalText(b) ? -1 : 1))
    : merged;
}

/** A list of parts in the server's order; parts that are the same stay as they are. */
function mergedParts(own: JsonList, other: JsonList): JsonList {
  return other.map((part) => own.find((each) => isSamePart(each, part)) ?? part);
}

function isSamePart(own: Json, other: Json): boolean {
  return compareFields({ part: own }, { part: other }).length === 0;
}

function valueAt(map: JsonMap, path: string): Json | undefined {
  const [key = "", ...rest] = path.split(".");
  const value = map[key];
  if (rest.length === 0) return value;
  return isJsonMap(value) ? valueAt(value, rest.join(".")) : undefined;
}

function withValueAt(map: JsonMap, path: string, value: Json): JsonMap {
  const [key = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...map, [key]: value };
  return { ...map, [key]: withValueAt(asMap(map[key]), rest.join("."), value) };
}

/** An object's own part with its lists. */
function withLists(own: JsonMap, lists: JsonMap, list: ObjectList): JsonMap {
  return Object.keys(list.lists).reduce((whole, path) => {
    const value = valueAt(lists, path);
    return value === undefined ? whole : withValueAt(whole, path, value);
  }, own);
}
