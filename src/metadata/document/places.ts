import type { Json } from "./json.ts";
import type { Spot } from "./source-text.ts";
import { valueAt } from "./value-at.ts";

/** The position of a map or a list in its file. */
export interface Origin extends Spot {
  /** The position of an entry: of its key, or of the item. */
  entry(key: string | number): Spot | undefined;
  /** The origin of the map or list at a key, if it is known here instead of in `Origins`. */
  inside?(key: string | number): Origin | undefined;
}

/** The positions of the maps and lists of a document, kept as long as the document. */
export type Origins = WeakMap<object, Origin>;

/** The path from a document to a value in it: keys of maps, and indexes of lists from 0. */
export type JsonPath = readonly (string | number)[];

/** True for a path that leads to a value, or to something in it. */
export function isWithin(outer: JsonPath, path: JsonPath): boolean {
  return outer.every((key, index) => path[index] === key);
}

/**
 * The position of the value at a path: of its key, of the item of a list, or the beginning of the file that is included for it.
 * For a value that does not exist, the position of what would contain it; undefined for a document that is in no file.
 */
export function spotOf(document: Json, path: JsonPath, origins: Origins): Spot | undefined {
  let value: Json | undefined = document;
  let origin = originOf(value, origins);
  let spot: Spot | undefined;
  for (const key of path) {
    const entry: Spot | undefined = origin?.entry(key);
    value = valueAt(value, [key]);
    if (value === undefined) return spot;
    origin = origin?.inside?.(key) ?? originOf(value, origins);
    const isIncluded = origin !== undefined && origin.source !== entry?.source;
    spot = (isIncluded ? origin : entry) ?? spot;
  }
  return spot;
}

function originOf(value: Json | undefined, origins: Origins): Origin | undefined {
  return typeof value === "object" && value !== null ? origins.get(value) : undefined;
}
