import { isJsonMap, type JsonMap } from "../document/json.ts";
import type { ObjectList } from "../document/object-lists.ts";

/** An entry without its identity and without the lists in it. */
export function ownPart(entry: JsonMap, list: ObjectList): JsonMap {
  const own = Object.keys(list.lists).reduce(withoutPath, entry);
  return Object.fromEntries(
    Object.entries(own).filter(([key]) => !list.identityKeys.includes(key)),
  );
}

/** The object without the value at a path of keys, joined with dots. */
function withoutPath(object: JsonMap, path: string): JsonMap {
  const [key = "", ...rest] = path.split(".");
  const value = object[key];
  const entries = Object.entries(object).filter(([each]) => each !== key);
  if (rest.length === 0 || !isJsonMap(value)) return Object.fromEntries(entries);
  return Object.fromEntries([...entries, [key, withoutPath(value, rest.join("."))]]);
}
