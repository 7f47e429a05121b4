import { isJsonList, isJsonMap, type Json } from "../document/json.ts";

/** True for equal values, whatever the order of keys; also for two that are missing. */
export function isSame(value: Json | undefined, other: Json | undefined): boolean {
  if (value === other) return true;
  if (isJsonList(value))
    return (
      isJsonList(other) &&
      value.length === other.length &&
      value.every((item, i) => isSame(item, other[i]))
    );
  if (!isJsonMap(value) || !isJsonMap(other)) return false;
  const keys = Object.keys(value);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && isSame(value[key], other[key]));
}
