import { isJsonList, isJsonMap, type Json } from "./json.ts";

/** The value at a path; undefined if there is none. */
export function valueAt(
  document: Json | undefined,
  path: readonly (string | number)[],
): Json | undefined {
  return path.reduce<Json | undefined>((value, key) => {
    if (isJsonList(value)) return typeof key === "number" ? value[key] : undefined;
    return isJsonMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, document);
}
