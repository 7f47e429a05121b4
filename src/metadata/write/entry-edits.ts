import { lineEnd, lineStart, type Edit } from "./edits.ts";
import type { Item } from "./yaml-entries.ts";

/** An entry of a block with its name: the key, or what an item is known by. */
interface Named extends Item {
  readonly key: string;
}

/** Removes the lines of the entries that are not kept, with the comments directly above them. At least one entry is kept. */
export function removals(
  entries: readonly Named[],
  isKept: (entry: Named) => boolean,
  text: string,
): Edit[] {
  const firstKept = entries.findIndex(isKept);
  const [first] = entries;
  const next = entries[firstKept];
  if (first === undefined || next === undefined) return [];
  // The first entry can share its line with the dash of a list: the next one moves there.
  const shared = firstKept > 0 && !isAlone(first, text);
  const leading = shared ? [{ start: first.start, end: next.start, text: "" }] : [];
  const others = entries.slice(shared ? firstKept : 0).filter((entry) => !isKept(entry));
  return [...leading, ...others.map((entry) => wholeLines(entry, entry === first, text))];
}

/** True if only spaces precede the entry in its line. */
function isAlone({ start }: Item, text: string): boolean {
  return /^ *$/.test(text.slice(lineStart(text, start), start));
}

/** Comments above the first entry may be about the whole block. */
function wholeLines(entry: Item, isFirst: boolean, text: string): Edit {
  const own = lineStart(text, entry.start);
  const start = isFirst ? own : commentsAbove(own, text);
  const end = lineEnd(text, entry.end);
  // At the end of a file without a last line feed, the line feed before is removed.
  if (end === text.length) return { start: Math.max(0, start - 1), end, text: "" };
  return { start, end: end + 1, text: "" };
}

/** The beginning of the comment lines directly above a line. */
function commentsAbove(line: number, text: string): number {
  let start = line;
  while (start > 0) {
    const before = lineStart(text, start - 1);
    if (!/^ *#/.test(text.slice(before, start))) break;
    start = before;
  }
  return start;
}

/** Writes the entries of `order` that are not in the text yet, each after the one before it in `order`. */
export function insertions(
  written: ReadonlyMap<string, Item>,
  order: readonly string[],
  text: string,
  linesOf: (key: string) => readonly string[],
): Edit[] {
  const edits: Edit[] = [];
  const first = written.get(order.find((key) => written.has(key)) ?? "");
  let before: Item | undefined;
  for (const key of order) {
    const item = written.get(key);
    if (item !== undefined) before = item;
    else if (before !== undefined) edits.push(behind(before, linesOf(key), text));
    else if (first !== undefined) edits.push(above(first, linesOf(key)));
  }
  return edits;
}

function behind({ column, end }: Item, lines: readonly string[], text: string): Edit {
  const at = lineEnd(text, end);
  return { start: at, end: at, text: lines.map((line) => `\n${indented(line, column)}`).join("") };
}

function above({ column, start }: Item, lines: readonly string[]): Edit {
  const [first = "", ...others] = lines;
  const written = [first, ...others.map((line) => indented(line, column)), " ".repeat(column)];
  return { start, end: start, text: written.join("\n") };
}

function indented(line: string, columns: number): string {
  return line === "" ? "" : " ".repeat(columns) + line;
}
