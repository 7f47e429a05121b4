import { isJsonList, isJsonMap, type Json } from "../document/json.ts";

/** The text of a value with the keys of all objects in order, so that equal values have equal texts. */
export function canonicalText(value: Json): string {
  if (isJsonList(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (!isJsonMap(value)) return JSON.stringify(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] ?? null)}`);
  return `{${entries.join(",")}}`;
}
