import type { Json, JsonMap } from "../document/json.ts";
import { OffsetOrigin } from "../document/offset-origin.ts";
import type { Origins } from "../document/places.ts";
import type { SourceText } from "../document/source-text.ts";
import { blockScalar } from "./block-scalar.ts";
import { NotPlain, PlainLines } from "./plain-lines.ts";
import { ReadAgain } from "./read-again.ts";
import {
  collectionAt,
  isQuote,
  longestKey,
  quotedAt,
  refuseMore,
  scalarOnLine,
  type PlainTarget,
} from "./plain-values.ts";

/*
 * YAML as exports and most people write it: maps and lists in block style, values on one line, block scalars. Nearly all files of a
 * project are like that, and the YAML library takes many times as long to read them. Anything else is left to the library, which also
 * reports errors in a file; so this reader refuses whatever is ambiguous.
 */

interface Blocks extends PlainTarget {
  readonly lines: PlainLines;
}

/** The value of a file of plain blocks, or the offset at which the file is not plain. */
export type PlainBlocks = { readonly value: Json } | { readonly notPlainAt: number };

/**
 * The value of a file of plain blocks, with the same origins as `toJson` records. Unless its parts are moved to another place, origins are
 * determined only when they are needed, by reading the file again.
 */
export function readPlainBlocks(
  source: SourceText,
  origins: Origins,
  isMoved = false,
): PlainBlocks {
  if (isMoved) return readBlocks({ source, origins });
  const read = readBlocks({ source });
  if ("value" in read && typeof read.value === "object" && read.value !== null)
    origins.set(read.value, new ReadAgain({ source, offset: read.start }, readWithOrigins));
  return read;
}

function readWithOrigins(source: SourceText, origins: Origins): Json {
  const read = readBlocks({ source, origins });
  return "value" in read ? read.value : null;
}

function readBlocks(target: PlainTarget): PlainBlocks & { readonly start: number } {
  const { text } = target.source;
  try {
    const lines = new PlainLines(text);
    const { start, indent } = lines;
    if (indent === -1) return { notPlainAt: 0, start };
    const value = blockAt(indent, -1, { ...target, lines });
    return lines.indent === -1 ? { value, start } : { notPlainAt: lines.start, start };
  } catch (thrown) {
    if (thrown instanceof NotPlain) return { notPlainAt: thrown.offset, start: 0 };
    // Too many nested brackets.
    if (thrown instanceof RangeError) return { notPlainAt: 0, start: 0 };
    throw thrown;
  }
}

/** The block at the line. `indent`: its indentation; `outer`: that of the block around it. */
function blockAt(indent: number, outer: number, blocks: Blocks): Json {
  const { lines } = blocks;
  if (lines.isItem()) return listAt(indent, blocks);
  return hasKey(lines) ? mapAt(indent, blocks) : onlyValue(lines.start, outer, blocks);
}

function listAt(indent: number, blocks: Blocks): Json {
  const { source, origins, lines } = blocks;
  const items: Json[] = [];
  const offsets: number[] = [];
  const offset = lines.start;
  while (lines.indent === indent && lines.isItem()) {
    lines.takeDash();
    if (origins) offsets.push(lines.start);
    items.push(
      hasKey(lines) ? mapAt(lines.indent, blocks) : onlyValue(lines.start, indent, blocks),
    );
    refuseDeeper(indent, lines);
  }
  origins?.set(items, new OffsetOrigin({ source, offset }, offsets));
  return items;
}

function mapAt(indent: number, blocks: Blocks): JsonMap {
  const { source, origins, lines } = blocks;
  const map: Record<string, Json> = {};
  const keys: string[] = [];
  const offsets: number[] = [];
  const offset = lines.start;
  while (lines.indent === indent && !lines.isItem()) {
    const key = keyOf(lines);
    if (key === undefined || key.text === "__proto__" || Object.hasOwn(map, key.text))
      throw new NotPlain(lines.start);
    if (origins) {
      keys.push(key.text);
      offsets.push(lines.start);
    }
    map[key.text] = valueBehind(key.end, indent, blocks);
    refuseDeeper(indent, lines);
  }
  origins?.set(map, new OffsetOrigin({ source, offset }, offsets, keys));
  return map;
}

/** The value of the key whose colon ends at an offset. */
function valueBehind(colon: number, indent: number, blocks: Blocks): Json {
  const { lines } = blocks;
  const { text, end } = lines;
  let start = colon;
  while (start < end && text[start] === " ") start += 1;
  if (start < end && text[start] !== "#") return onlyValue(start, indent, blocks);
  lines.advance();
  if (lines.indent > indent) return blockAt(lines.indent, indent, blocks);
  return lines.indent === indent && lines.isItem() ? listAt(indent, blocks) : null;
}

/** A value that ends the line. */
function onlyValue(start: number, outer: number, blocks: Blocks): Json {
  const { lines } = blocks;
  const { text, end } = lines;
  if ((text[start] === "|" || text[start] === ">") && outer >= 0) {
    const value = blockScalar(text.slice(start, end), lines.takeDeeper(outer));
    if (value === undefined) throw new NotPlain(start);
    return value;
  }
  const value = isCollection(text[start])
    ? collectionOnLines(start, outer, blocks)
    : scalarOnLine(text, start, end);
  lines.advance();
  return value;
}

const isCollection = (first: string | undefined): boolean => first === "[" || first === "{";

function collectionOnLines(start: number, outer: number, { lines, ...target }: Blocks): Json {
  const { value, end } = collectionAt(start, { ...target, outer });
  refuseMore(lines.text, end, lines.moveBehind(end));
  return value;
}

/** A line that is indented further continues a scalar, or is an error. */
function refuseDeeper(indent: number, { indent: next, start }: PlainLines): void {
  if (next > indent) throw new NotPlain(start);
}

function hasKey(lines: PlainLines): boolean {
  return keyOf(lines) !== undefined;
}

/** The key at the beginning of a line, with the offset after its colon. */
function keyOf({ text, start, end }: PlainLines): { text: string; end: number } | undefined {
  const isQuoted = isQuote(text[start]);
  const behind = isQuoted ? quotedAt(text, start).end : wordEnd(text, start);
  if (text[behind] !== ":" || behind === start || behind - start > longestKey) return undefined;
  if (behind + 1 < end && text[behind + 1] !== " ") return undefined;
  const key = isQuoted ? quotedAt(text, start).value : text.slice(start, behind);
  return { text: key, end: behind + 1 };
}

/** The end of the word at an offset; the offset itself if no word begins there. */
function wordEnd(text: string, start: number): number {
  let end = start;
  while (isWord(text.charCodeAt(end), end > start)) end += 1;
  return end;
}

const [dollar, dash, point, underscore] = [36, 45, 46, 95];

/** A letter, a digit, `_` or `$`; after the first character also `-` and `.`. */
function isWord(code: number, isBehind: boolean): boolean {
  if (code >= 97 && code <= 122) return true;
  if (code === underscore || (code >= 65 && code <= 90) || (code >= 48 && code <= 57)) return true;
  return code === dollar || (isBehind && (code === dash || code === point));
}
