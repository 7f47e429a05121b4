import type { Json } from "../document/json.ts";
import { OffsetOrigin } from "../document/offset-origin.ts";
import type { Origins } from "../document/places.ts";
import type { SourceText } from "../document/source-text.ts";
import { NotPlain } from "./plain-lines.ts";
import { plainScalar } from "./plain-scalar.ts";

/** The file that is read, and where the positions of its values are recorded. */
export interface PlainTarget {
  readonly source: SourceText;
  /** Receives the position of each map and list; absent if nobody needs it. */
  readonly origins?: Origins;
}

/** A value, and the offset after it. */
interface Read<Value> {
  readonly value: Value;
  readonly end: number;
}

/** A scalar at the end of its line, with or without a comment after it. */
export function scalarOnLine(text: string, start: number, end: number): Json {
  if (!isQuote(text[start])) return scalarIn(withoutComment(text.slice(start, end)), start);
  const { value, end: behind } = quotedAt(text, start);
  refuseMore(text, behind, end);
  return value;
}

/** Throws NotPlain unless the rest of a line is blank or a comment. */
export function refuseMore(text: string, start: number, end: number): void {
  if (start !== end && !/^( *| +#.*)$/.test(text.slice(start, end))) throw new NotPlain(start);
}

function withoutComment(text: string): string {
  const sign = text.indexOf(" #");
  return sign === -1 ? text : text.slice(0, sign).trimEnd();
}

function scalarIn(text: string, offset: number): Json {
  if (mayBeMore(text)) throw new NotPlain(offset);
  const value = plainScalar(text);
  if (value === undefined) throw new NotPlain(offset);
  return value;
}

/** True if the text may not be a plain scalar: it begins with an indicator, or a colon in it may end a key. */
function mayBeMore(text: string): boolean {
  const first = text[0] ?? "";
  if ("-?:,[]{}#&*!|>%@`'\"".includes(first) && !/^-[\d.]/.test(text)) return true;
  return text.includes(": ") || text.endsWith(":");
}

/** A text in quotes, on one line. */
export function quotedAt(text: string, start: number): Read<string> {
  const quote = text[start] ?? "";
  let at = start + 1;
  for (;;) {
    const found = text.indexOf(quote, at);
    if (found === -1) throw new NotPlain(start);
    if (quote === "'" && text[found + 1] === "'") at = found + 2;
    else if (quote === '"' && isEscaped(text, found)) at = found + 1;
    else return { value: unquoted(text.slice(start, found + 1), start), end: found + 1 };
  }
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === "\\") first -= 1;
  return (at - first) % 2 === 1;
}

function unquoted(text: string, offset: number): string {
  if (text.includes("\n")) throw new NotPlain(offset);
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.includes("\\")) return text.slice(1, -1);
  // Only the escapes that JSON has, too.
  if (!/^"(?:[^\\]|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*"$/.test(text)) throw new NotPlain(offset);
  const value: unknown = JSON.parse(text);
  return String(value);
}

/** The content of brackets or braces. Each of its lines has to be indented further than `outer`. */
interface Inside extends PlainTarget {
  readonly outer: number;
}

/** A list or a map in brackets or braces. */
export function collectionAt(start: number, inside: Inside): Read<Json> {
  const { source, origins } = inside;
  const { text } = source;
  const isMap = text[start] === "{";
  const closing = isMap ? "}" : "]";
  const items: Json[] = [];
  const keys: string[] = [];
  const offsets: number[] = [];
  let at = skipBlanks(start + 1, inside);
  while (text[at] !== closing || items.length > 0) {
    offsets.push(at);
    if (isMap) {
      const key = keyInBraces(text, at);
      keys.push(key.value);
      at = skipBlanks(key.end, inside);
    }
    const item = valueInside(at, inside);
    items.push(item.value);
    at = skipBlanks(item.end, inside);
    if (text[at] === closing) break;
    if (text[at] !== ",") throw new NotPlain(at);
    at = skipBlanks(at + 1, inside);
  }
  if (new Set(keys).size < keys.length || keys.includes("__proto__")) throw new NotPlain(start);
  const value = isMap ? Object.fromEntries(keys.map((key, i) => [key, items[i] ?? null])) : items;
  origins?.set(
    value,
    new OffsetOrigin({ source, offset: start }, offsets, isMap ? keys : undefined),
  );
  return { value, end: at + 1 };
}

/** Spaces, line breaks and comments. */
const blanks = /(?:(?: |\r?\n)+(?:#.*)?)*/y;

function skipBlanks(start: number, { source: { text }, outer }: Inside): number {
  if (text[start] !== " " && text[start] !== "\r" && text[start] !== "\n") return start;
  blanks.lastIndex = start;
  const end = start + (blanks.exec(text)?.[0].length ?? 0);
  const line = text.lastIndexOf("\n", end - 1) + 1;
  if (line > start && end - line <= Math.max(0, outer)) throw new NotPlain(end);
  return end;
}

/** A key, with the colon after it. */
function keyInBraces(text: string, start: number): Read<string> {
  const isQuoted = isQuote(text[start]);
  const key = isQuoted ? quotedAt(text, start) : wordAt(text, start);
  const { [key.end]: colon, [key.end + 1]: behind = "" } = text;
  if (colon !== ":" || !(isQuoted || /\s/.test(behind)) || key.end - start > longestKey)
    throw new NotPlain(start);
  return { value: key.value, end: key.end + 1 };
}

/** The YAML library refuses a longer one. */
export const longestKey = 1000;

const word = /[\w$][\w$.-]*/y;

/** A word that is unambiguous as a key in braces. */
function wordAt(text: string, start: number): Read<string> {
  word.lastIndex = start;
  const [value] = word.exec(text) ?? [];
  if (value === undefined) throw new NotPlain(start);
  return { value, end: start + value.length };
}

const scalar = /[^,[\]{}#\r\n]*/y;

function valueInside(start: number, inside: Inside): Read<Json> {
  const { text } = inside.source;
  const first = text[start];
  if (isQuote(first)) return quotedAt(text, start);
  if (first === "[" || first === "{") return collectionAt(start, inside);
  scalar.lastIndex = start;
  const value = (scalar.exec(text)?.[0] ?? "").trimEnd();
  return { value: scalarIn(value, start), end: start + value.length };
}

export function isQuote(character: string | undefined): boolean {
  return character === "'" || character === '"';
}
