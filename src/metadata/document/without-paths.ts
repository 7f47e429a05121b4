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
