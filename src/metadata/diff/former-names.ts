import type { JsonMap } from "../document/json.ts";
import { listAt, type ObjectKind, type ObjectList } from "../document/object-lists.ts";
import { canonicalText } from "./canonical-text.ts";
import { normalise } from "./normalise.ts";
import { ownPart } from "./own-part.ts";

/** Kinds of objects that can be renamed. A permission with another role, or a table with another name, is a different object. */
const renamed: ReadonlySet<ObjectKind> = new Set<ObjectKind>([
  ...(["object relationship", "array relationship", "remote relationship"] as const),
  ...(["computed field", "event trigger", "cron trigger", "action"] as const),
  ...(["remote schema", "query collection", "query", "REST endpoint", "native query"] as const),
  ...(["enum type", "input type", "object type"] as const),
]);

type Objects = ReadonlyMap<string, { readonly value: JsonMap }>;

/** The former names of renamed objects, by their new names. An object has none if two objects have its definition. */
export function formerNames(
  before: Objects,
  after: Objects,
  list: ObjectList,
): ReadonlyMap<string, string> {
  if (!renamed.has(list.kind)) return new Map();
  const removed = onlyIn(before, after, list);
  if (removed.size === 0) return new Map();
  const names = [...onlyIn(after, before, list)].flatMap(([definition, name]) => {
    const former = removed.get(definition);
    return name === undefined || former === undefined ? [] : [[name, former] as const];
  });
  return new Map(names);
}

/** The names of the objects that only `objects` has, by their definitions; undefined for a definition that two of them have. */
function onlyIn(
  objects: Objects,
  others: Objects,
  list: ObjectList,
): Map<string, string | undefined> {
  const names = new Map<string, string | undefined>();
  for (const [name, { value }] of objects) {
    if (others.has(name)) continue;
    const definition = definitionOf(value, list);
    names.set(definition, names.has(definition) ? undefined : name);
  }
  return names;
}

function definitionOf(object: JsonMap, list: ObjectList): string {
  const inner = Object.keys(list.lists).map((key) => listAt(object, key));
  return canonicalText([normalise(list.kind, ownPart(object, list)), ...inner]);
}
