import { isJsonList, isJsonMap, type Json } from "./json.ts";
import { isWithin, type JsonPath } from "./places.ts";

/** The value without the items of lists and the keys of maps at these paths. */
export function withoutPaths(value: Json, paths: readonly JsonPath[]): Json {
  return withValues(
    value,
    paths.map((path) => ({ path })),
  );
}

/** The new value for a path; undefined removes the item or the key. */
export interface ValueAtPath {
  readonly path: JsonPath;
  readonly value?: Json | undefined;
}

/** The value with other values at these paths, none of which contains another. */
export function withValues(value: Json, values: readonly ValueAtPath[]): Json {
  if (values.length === 0) return value;
  const inside = (key: string | number): ValueAtPath[] =>
    values.flatMap(({ path: [first, ...path], value: own }) =>
      first === key ? [{ path, value: own }] : [],
    );
  const at = (item: Json, own: readonly ValueAtPath[]): Json | undefined => {
    const exact = own.find(({ path }) => path.length === 0);
    return exact ? exact.value : withValues(item, own);
  };
  if (isJsonList(value))
    return value.flatMap((item, index) => {
      const left = at(item, inside(index));
      return left === undefined ? [] : [left];
    });
  if (!isJsonMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const left = at(inner, inside(key));
      return left === undefined ? [] : [[key, left]];
    }),
  );
}

/**
 * Converts `path` in a value from which the items at `removed` were removed to the path in the original value. `removed` is in document
 * order.
 */
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
    .filter((each) => isWithin(list, each))
    .reduce((index, each) => (Number(each.at(-1)) <= index ? index + 1 : index), key);
}
