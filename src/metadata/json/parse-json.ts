import type { Json } from "../document/json.ts";
import { OffsetOrigin } from "../document/offset-origin.ts";
import type { Origins } from "../document/places.ts";
import type { SourceText, Spot } from "../document/source-text.ts";
import { unreadable } from "../problem.ts";

/** A text that is being read; `at` is the offset of what comes next. */
interface Reader {
  readonly source: SourceText;
  readonly origins: Origins;
  at: number;
}

/**
 * Parses JSON, and records the position of each map and list. `JSON.parse` reports no positions.
 * @throws MetadataFailure for text that is not JSON
 */
export function parseJson(source: SourceText, origins: Origins): Json {
  const reader: Reader = { source, origins, at: 0 };
  try {
    const value = valueAt(reader);
    skipBlanks(reader);
    if (reader.at < source.text.length) throw unexpected(reader);
    return value;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw unreadable(spotOf(reader), "The values in this file are nested too deeply.");
  }
}

function valueAt(reader: Reader): Json {
  skipBlanks(reader);
  const { text } = reader.source;
  switch (text[reader.at]) {
    case "{":
      return mapAt(reader);
    case "[":
      return listAt(reader);
    case '"':
      return textAt(reader);
    default:
      return wordAt(reader);
  }
}

function mapAt(reader: Reader): Json {
  const spot = spotOf(reader);
  const entries: [string, Json][] = [];
  const offsets: number[] = [];
  itemsUntil("}", reader, () => {
    offsets.push(reader.at);
    const key = textAt(reader);
    skipBlanks(reader);
    expect(":", reader);
    entries.push([key, valueAt(reader)]);
  });
  // As in the Hasura CLI, the last value of a repeated key counts.
  const map = Object.fromEntries(entries);
  const keys = entries.map(([key]) => key);
  reader.origins.set(map, new OffsetOrigin(spot, offsets, keys));
  return map;
}

function listAt(reader: Reader): Json {
  const spot = spotOf(reader);
  const items: Json[] = [];
  const offsets: number[] = [];
  itemsUntil("]", reader, () => {
    offsets.push(reader.at);
    items.push(valueAt(reader));
  });
  reader.origins.set(items, new OffsetOrigin(spot, offsets));
  return items;
}

/** Reads what is between two brackets, with commas between the items. */
function itemsUntil(end: "}" | "]", reader: Reader, readItem: () => void): void {
  reader.at += 1;
  skipBlanks(reader);
  if (isNext(end, reader)) return;
  for (;;) {
    skipBlanks(reader);
    readItem();
    skipBlanks(reader);
    if (isNext(end, reader)) return;
    expect(",", reader);
  }
}

const word = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;

function textAt(reader: Reader): string {
  const { text } = reader.source;
  if (text[reader.at] !== '"') throw unexpected(reader);
  let end = text.indexOf('"', reader.at + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  const value = parsedText(text.slice(reader.at, end === -1 ? undefined : end + 1), reader);
  reader.at = end + 1;
  return value;
}

/** True if an odd number of backslashes precedes a quotation mark. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === "\\") first -= 1;
  return (at - first) % 2 === 1;
}

function parsedText(token: string, reader: Reader): string {
  try {
    const value: unknown = JSON.parse(token);
    return String(value);
  } catch {
    throw unexpected(reader);
  }
}

function wordAt(reader: Reader): Json {
  const token = tokenAt(word, reader);
  if (token === "null") return null;
  return token === "true" || token === "false" ? token === "true" : Number(token);
}

function tokenAt(pattern: RegExp, reader: Reader): string {
  pattern.lastIndex = reader.at;
  const [token] = pattern.exec(reader.source.text) ?? [];
  if (token === undefined) throw unexpected(reader);
  reader.at += token.length;
  return token;
}

function skipBlanks(reader: Reader): void {
  const { text } = reader.source;
  while (" \t\r\n".includes(text[reader.at] ?? "x")) reader.at += 1;
}

function isNext(character: string, reader: Reader): boolean {
  if (reader.source.text[reader.at] !== character) return false;
  reader.at += 1;
  return true;
}

function expect(character: string, reader: Reader): void {
  if (!isNext(character, reader)) throw unexpected(reader);
}

function spotOf({ source, at }: Reader): Spot {
  return { source, offset: at };
}

function unexpected(reader: Reader): Error {
  const found = reader.source.text[reader.at];
  return unreadable(
    spotOf(reader),
    found === undefined
      ? "This is not valid JSON: unexpected end of the file."
      : `This is not valid JSON: unexpected ${JSON.stringify(found)}.`,
  );
}
