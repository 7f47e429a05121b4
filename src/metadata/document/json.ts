/** A JSON value that is never changed. */
export type Json = string | number | boolean | null | JsonList | JsonMap;
export type JsonList = readonly Json[];
export interface JsonMap {
  readonly [key: string]: Json;
}

/** True for an object, false for a list and for null. */
export function isJsonMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !isJsonList(value);
}

export function isJsonList(value: Json | undefined): value is JsonList {
  return Array.isArray(value);
}

/** The type of a value, for a message: `a list`. */
export function kindOfJson(value: Json): string {
  if (value === null) return "empty";
  if (isJsonList(value)) return "a list";
  return typeof value === "object" ? "a mapping" : `a ${typeof value}`;
}
