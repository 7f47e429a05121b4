import type { JsonPath } from "../document/places.ts";

/** A place in the metadata that refers to something that does not exist. */
export interface Inconsistency {
  /** The path to the value that refers to it. */
  readonly path: JsonPath;
  /** One sentence. */
  readonly message: string;
}
