import { isJsonList, isJsonMap, type Json } from "./json.ts";
import type { Spot } from "./source-text.ts";

/** Where a map or a list is written. */
export interface Origin extends Spot {
  /** Where an entry begins: at its key, or at the item. */
  entry(key: string | number): Spot | undefined;
}

/** Where each map and list of a document is written, while the document exists. */
export type Origins = WeakMap<object, Origin>;

/** The way from a document to a value in it: keys of maps, and indexes of lists from 0. */
export type JsonPath = readonly (string | number)[];

/**
 * Where the value at a path is written: at its key, at the item of a list, or at the beginning of the file that is included for it.
 * For a value that is not there, the place of what would contain it; undefined for a document that is in no file.
 */
export function spotOf(document: Json, path: JsonPath, origins: Origins): Spot | undefined {
  let value: Json | undefined = document;
  let origin = originOf(value, origins);
  let spot: Spot | undefined;
  for (const key of path) {
    const entry: Spot | undefined = origin?.entry(key);
    value = childOf(value, key);
    if (value === undefined) return spot;
    origin = originOf(value, origins);
    const isIncluded = origin !== undefined && origin.source !== entry?.source;
    spot = (isIncluded ? origin : entry) ?? spot;
  }
  return spot;
}

function originOf(value: Json | undefined, origins: Origins): Origin | undefined {
  return typeof value === "object" && value !== null ? origins.get(value) : undefined;
}

function childOf(value: Json | undefined, key: string | number): Json | undefined {
  if (isJsonList(value)) return typeof key === "number" ? value[key] : undefined;
  return isJsonMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
