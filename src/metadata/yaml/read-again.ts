import { isJsonList, isJsonMap, type Json } from "../document/json.ts";
import type { Origin, Origins } from "../document/places.ts";
import type { SourceText, Spot } from "../document/source-text.ts";

/** Reads a file once more, with the position of each map and list. */
export type ReadPositions = (source: SourceText, origins: Origins) => Json;

/** The origin of a file's value, and of everything in it. The file is read again when a position inside it is needed, which is rare. */
export class ReadAgain implements Origin {
  readonly source: SourceText;
  readonly offset: number;
  readonly #read: ReadPositions;
  #own: Origin | undefined;

  constructor({ source, offset }: Spot, read: ReadPositions) {
    this.source = source;
    this.offset = offset;
    this.#read = read;
  }

  entry(key: string | number): Spot | undefined {
    return this.#inFile().entry(key);
  }

  inside(key: string | number): Origin | undefined {
    return this.#inFile().inside?.(key);
  }

  #inFile(): Origin {
    if (this.#own === undefined) {
      const origins: Origins = new WeakMap();
      this.#own = originIn(this.#read(this.source, origins), origins);
    }
    return this.#own ?? { source: this.source, offset: this.offset, entry: () => undefined };
  }
}

/** The origin of a value, with the origins of its members. */
function originIn(value: Json | undefined, origins: Origins): Origin | undefined {
  const own = typeof value === "object" && value !== null ? origins.get(value) : undefined;
  if (own === undefined) return undefined;
  return {
    source: own.source,
    offset: own.offset,
    entry: (key) => own.entry(key),
    inside: (key) => originIn(memberOf(value, key), origins),
  };
}

function memberOf(value: Json | undefined, key: string | number): Json | undefined {
  if (isJsonList(value)) return value[Number(key)];
  return isJsonMap(value) ? value[String(key)] : undefined;
}
