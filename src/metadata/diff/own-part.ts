import { isJsonMap, type JsonMap } from "../document/json.ts";
import type { ObjectList } from "../document/object-lists.ts";

/** An entry without its identity and without the lists in it. */
export function ownPart(entry: JsonMap, { lists, identityKeys }: ObjectList): JsonMap {
  const own = Object.entries(entry).filter(
    ([key]) => !Object.hasOwn(lists, key) && !identityKeys.includes(key),
  );
  return Object.keys(lists)
    .filter((path) => path.includes("."))
    .reduce(withoutPath, Object.fromEntries(own));
}

/** The object without the value at a path of keys, joined with dots. */
function withoutPath(object: JsonMap, path: string): JsonMap {
  const [key = "", ...rest] = path.split(".");
  const value = object[key];
  const entries = Object.entries(object).filter(([each]) => each !== key);
  if (rest.length === 0 || !isJsonMap(value)) return Object.fromEntries(entries);
  return Object.fromEntries([...entries, [key, withoutPath(value, rest.join("."))]]);
}
