import { isJsonList, isJsonMap, type Json } from "./json.ts";
import type { JsonPath } from "./places.ts";

/** The value without the items of lists at these paths. */
export function withoutPaths(value: Json, paths: readonly JsonPath[]): Json {
  if (paths.length === 0) return value;
  const inside = (key: string | number): JsonPath[] =>
    paths.filter(([first]) => first === key).map((path) => path.slice(1));
  if (isJsonList(value))
    return value.flatMap((item, index) => {
      const own = inside(index);
      return own.some(({ length }) => length === 0) ? [] : [withoutPaths(item, own)];
    });
  if (!isJsonMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutPaths(inner, inside(key))]),
  );
}

/** The path in the whole value of what is at `path` in the value without the items at `removed`, which are in their order. */
export function pathWith(removed: readonly JsonPath[], path: JsonPath): JsonPath {
  return path.reduce<JsonPath>((whole, key) => [...whole, indexWith(removed, whole, key)], []);
}

function indexWith(
  removed: readonly JsonPath[],
  list: JsonPath,
  key: string | number,
): string | number {
  if (typeof key === "string") return key;
  return removed
    .filter(({ length }) => length === list.length + 1)
    .filter((each) => list.every((part, i) => each[i] === part))
    .reduce((index, each) => (Number(each.at(-1)) <= index ? index + 1 : index), key);
}
