/** A position in a file of the project. */
export interface FilePlace {
  /** From the project's root, with forward slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters (code points). */
  readonly column: number;
}

/** A position as it is kept: an offset in UTF-16 units. */
export interface Spot {
  readonly source: SourceText;
  readonly offset: number;
}

/** A file that metadata is read from. */
export class SourceText {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  #lineStarts: readonly number[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** The position of an offset in UTF-16 units. An offset behind the end counts as the end. */
  place(offset: number): FilePlace {
    const starts = (this.#lineStarts ??= lineStartsOf(this.text));
    const line = lastAtMost(starts, offset);
    const before = this.text.slice(starts[line], Math.max(0, offset));
    return { file: this.path, line: line + 1, column: Array.from(before).length + 1 };
  }
}

/** The position of a spot, for a person. */
export function placeOf({ source, offset }: Spot): FilePlace {
  return source.place(offset);
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The index of the last number that is not above the offset, in ascending numbers that begin with 0. */
function lastAtMost(numbers: readonly number[], offset: number): number {
  let [low, high] = [0, numbers.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? Infinity) <= offset) low = middle;
    else high = middle;
  }
  return low;
}
