import type { Origin } from "./places.ts";
import type { SourceText, Spot } from "./source-text.ts";

/** The position of a map or list in one file: numbers only, because a project has tens of thousands of them. */
export class OffsetOrigin implements Origin {
  readonly source: SourceText;
  readonly offset: number;
  readonly #offsets: readonly number[];
  readonly #keys: readonly string[] | undefined;

  /** @param offsets of the items of a list; of a map, those of its keys in the same order */
  constructor({ source, offset }: Spot, offsets: readonly number[], keys?: readonly string[]) {
    this.source = source;
    this.offset = offset;
    this.#offsets = offsets;
    this.#keys = keys;
  }

  entry(key: string | number): Spot | undefined {
    const index = this.#keys === undefined ? Number(key) : this.#keys.lastIndexOf(String(key));
    const offset = this.#offsets[index];
    return offset === undefined ? undefined : { source: this.source, offset };
  }
}
