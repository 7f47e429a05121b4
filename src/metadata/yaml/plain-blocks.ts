import type { Json, JsonMap } from "../document/json.ts";
import { OffsetOrigin } from "../document/offset-origin.ts";
import type { Origins } from "../document/places.ts";
import type { SourceText } from "../document/source-text.ts";
import { plainScalar } from "./plain-scalar.ts";

/*
 * YAML as an export writes it: maps and lists in block style, scalars on one line. Nearly all files of a project are like that, and the
 * YAML library needs several times as long for them. Anything else is left to the library, which also reports what is wrong with a
 * file; so this reader refuses whatever it is not sure about.
 */

/** One line with content. `indent` and `text` begin behind the dash once a list has taken it. */
interface Line {
  indent: number;
  text: string;
  offset: number;
}

interface Blocks {
  readonly source: SourceText;
  readonly origins: Origins;
  readonly lines: readonly Line[];
  /** The next line to read. */
  next: number;
}

/** Thrown for text that is not plain, to leave all recursions at once; it never leaves this module. */
class NotPlain extends Error {}

/**
 * The value of a file of plain blocks, with the same origins as `toJson` records. Undefined for any other file, and for one that is not
 * valid.
 */
export function readPlainBlocks(source: SourceText, origins: Origins): Json | undefined {
  const lines = linesOf(source.text);
  const [first] = lines ?? [];
  if (lines === undefined || first === undefined) return undefined;
  const blocks: Blocks = { source, origins, lines, next: 0 };
  try {
    const value = blockAt(first.indent, blocks);
    return blocks.next === lines.length ? value : undefined;
  } catch (thrown) {
    if (thrown instanceof NotPlain) return undefined;
    throw thrown;
  }
}

/** Deeper blocks are left to the library, which has a limit of its own. */
const deepest = 200;

/** The lines that are neither blank nor comments; undefined for a text that cannot be plain. */
function linesOf(text: string): Line[] | undefined {
  if (/[^\P{Cc}\n]|[\u2028\u2029\ufeff]|^(---|\.\.\.|%)/mu.test(text)) return undefined;
  const lines: Line[] = [];
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    let offset = start;
    while (text[offset] === " ") offset += 1;
    if (offset < end && text[offset] !== "#")
      lines.push({
        indent: offset - start,
        text: text.slice(offset, endOfText(text, offset, end)),
        offset,
      });
    if (offset - start > deepest) return undefined;
    start = end + 1;
  }
  return lines;
}

/** The text without the spaces at its end. Other blanks belong to a scalar. */
function endOfText(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && text[last - 1] === " ") last -= 1;
  return last;
}

function withoutSpaces(text: string): string {
  return text.replace(/^ +/, "");
}

function isItem({ text }: Line): boolean {
  return text === "-" || text.startsWith("- ");
}

function blockAt(indent: number, blocks: Blocks): Json {
  const line = blocks.lines[blocks.next];
  if (line === undefined) throw new NotPlain();
  if (isItem(line)) return listAt(indent, blocks);
  return keyOf(line) === undefined ? onlyScalar(line, blocks) : mapAt(indent, blocks);
}

/** A scalar that is a whole block. */
function onlyScalar(line: Line, blocks: Blocks): Json {
  const value = scalarAt(line.text, line.offset, blocks);
  blocks.next += 1;
  return value;
}

function listAt(indent: number, blocks: Blocks): Json {
  const { source, origins, lines } = blocks;
  const items: Json[] = [];
  const offsets: number[] = [];
  const start = lines[blocks.next]?.offset ?? 0;
  for (
    let line = lines[blocks.next];
    line !== undefined && line.indent === indent && isItem(line);
    line = lines[blocks.next]
  ) {
    takeDash(line);
    offsets.push(line.offset);
    items.push(itemAt(line, blocks));
    refuseDeeper(indent, blocks);
  }
  origins.set(items, new OffsetOrigin({ source, offset: start }, offsets));
  return items;
}

/** Makes the rest of an item's line a line of its own, further to the right. */
function takeDash(line: Line): void {
  const rest = withoutSpaces(line.text.slice(1));
  if (rest === "" || rest.startsWith("- ") || rest === "-") throw new NotPlain();
  const width = line.text.length - rest.length;
  line.indent += width;
  line.offset += width;
  line.text = rest;
}

function itemAt(line: Line, blocks: Blocks): Json {
  return keyOf(line) === undefined ? onlyScalar(line, blocks) : mapAt(line.indent, blocks);
}

function mapAt(indent: number, blocks: Blocks): JsonMap {
  const { source, origins, lines } = blocks;
  const map: Record<string, Json> = {};
  const keys: string[] = [];
  const offsets: number[] = [];
  const start = lines[blocks.next]?.offset ?? 0;
  for (
    let line = lines[blocks.next];
    line !== undefined && line.indent === indent && !isItem(line);
    line = lines[blocks.next]
  ) {
    const key = keyOf(line);
    if (key === undefined || key === "__proto__" || Object.hasOwn(map, key)) throw new NotPlain();
    keys.push(key);
    offsets.push(line.offset);
    map[key] = valueOfKey(line, key, blocks);
    refuseDeeper(indent, blocks);
  }
  origins.set(map, new OffsetOrigin({ source, offset: start }, offsets, keys));
  return map;
}

function valueOfKey(line: Line, key: string, blocks: Blocks): Json {
  const rest = withoutSpaces(line.text.slice(key.length + 1));
  if (rest !== "") {
    const value = scalarAt(rest, line.offset + line.text.length - rest.length, blocks);
    blocks.next += 1;
    return value;
  }
  blocks.next += 1;
  const below = blocks.lines[blocks.next];
  if (below === undefined || below.indent < line.indent) return null;
  if (below.indent === line.indent) return isItem(below) ? listAt(below.indent, blocks) : null;
  return blockAt(below.indent, blocks);
}

/** A line that is further to the right continues a scalar, or is an error. */
function refuseDeeper(indent: number, { lines, next }: Blocks): void {
  const line = lines[next];
  if (line !== undefined && line.indent > indent) throw new NotPlain();
}

/** The key at the beginning of a line. */
function keyOf({ text }: Line): string | undefined {
  const colon = text.indexOf(":");
  if (colon <= 0 || (colon + 1 < text.length && text[colon + 1] !== " ")) return undefined;
  const key = text.slice(0, colon);
  return /^[\w$][\w$.-]*$/.test(key) ? key : undefined;
}

function scalarAt(text: string, offset: number, { source, origins }: Blocks): Json {
  const first = text[0] ?? "";
  if (first === "'" || first === '"') return quoted(text);
  if (text === "[]" || text === "{}") {
    const empty = text === "[]" ? [] : {};
    origins.set(empty, new OffsetOrigin({ source, offset }, []));
    return empty;
  }
  if (mayBeMore(text)) throw new NotPlain();
  const value = plainScalar(text);
  if (value === undefined) throw new NotPlain();
  return value;
}

/** An indicator begins something else than a plain scalar; a colon or a number sign inside can, too. */
function mayBeMore(text: string): boolean {
  const first = text[0] ?? "";
  if ("-?:,[]{}#&*!|>%@`".includes(first) && !/^-[\d.]/.test(text)) return true;
  return text.includes(": ") || text.endsWith(":") || text.includes(" #");
}

function quoted(text: string): string {
  if (/^'(?:[^']|'')*'$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (!/^"(?:[^"\\\p{Cc}]|\\["\\/bfnrt])*"$/u.test(text)) throw new NotPlain();
  const value: unknown = JSON.parse(text);
  return String(value);
}
