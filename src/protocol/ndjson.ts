import { cleanText } from "../clean-text.ts";
import * as z from "zod";
import { checkedOnce } from "./checked-once.ts";
import { RunEvent } from "./events.ts";
import { Failure } from "./failure.ts";
import { parseJson } from "./json.ts";
import { keepUnknownFields } from "./keep-unknown-fields.ts";
import { isList, joinListEvents } from "./split-list-events.ts";
import { readColumns, statusColumns } from "./status-columns.ts";

/** Largest size of one event on the wire, in bytes. */
export const largestEventBytes = 64 * 1024;

const mebibyte = 1024 * 1024;
/** A line above this is not read: far above `largestEventBytes`, for what newer functions may write. */
const longestLineBytes = mebibyte;
/** A list above this is not read, over all its parts. */
const longestListBytes = 32 * mebibyte;

/** An event of a type that only the other side's version has. It is shown as a plain line, never treated as an error. */
export interface UnknownEvent {
  readonly type: "unknown";
  readonly line: string;
  /** What the line holds. */
  readonly event: Readonly<Record<string, unknown>>;
}

const knownTypes = new Set<string>(RunEvent.options.map((option) => option.shape.type.value));
const TypedObject = z.looseObject({ type: z.string() });

/** One event as one line, line feed included. JSON escapes line feeds inside strings, so an event never spans lines. */
export function encodeEvent(event: RunEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/**
 * Parses one line; fields that this version does not know are kept, for `--json`. Throws `unreachable/stream-broken` if it is not a JSON object with a type, or if a known type does
 * not have its shape.
 */
export function decodeLine(line: string): RunEvent | UnknownEvent {
  return decode(line).event;
}

/** The event of a line, and how long it is when everything in it is written out. */
function decode(line: string): { readonly event: RunEvent | UnknownEvent; readonly size: number } {
  const value = TypedObject.safeParse(parseJson(line), checkedOnce);
  if (!value.success) throw brokenStream(`a line is not an event: ${cleanText(line, 200)}`);
  const { type } = value.data;
  const written =
    type === statusColumns ? readColumns(value.data) : { event: value.data, size: line.length };
  if (type !== statusColumns && !knownTypes.has(type))
    return { event: { type: "unknown", line, event: value.data }, size: line.length };
  const event = RunEvent.safeParse(written?.event, line.length < longLine ? checkedOnce : {});
  if (!event.success) throw brokenStream(`an event "${type}" has an unexpected shape`, event.error);
  keepUnknownFields(event.data, written?.event);
  return { event: event.data, size: Math.max(line.length, written?.size ?? 0) };
}

/**
 * Decodes a byte stream into events, wherever the chunks are split. The parts of a long list are joined into one event. Memory is
 * bounded: throws `unreachable/stream-broken` for a line or a list that no function writes, `unreachable/stream-cut` if the stream
 * ends inside a line, and what `decodeLine` throws.
 */
export async function* decodeEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<RunEvent | UnknownEvent> {
  const join = joinListEvents<UnknownEvent>();
  let listBytes = 0;
  for await (const line of linesOf(chunks)) {
    const { event, size } = decode(line);
    if (isList(event)) {
      listBytes += size;
      if (listBytes > longestListBytes)
        throw brokenStream(`a list is longer than ${longestListBytes / mebibyte} MB`);
    }
    const complete = join(event);
    if (isList(event) && complete.length > 0) listBytes = 0;
    yield* complete;
  }
}

/** The lines that are not blank. Each byte is looked at once, however it is split into chunks. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (length > longestLineBytes)
      throw brokenStream(`a line is longer than ${longestLineBytes / mebibyte} MB`);
    if (part.length > 0) parts.push(part);
  };
  const take = (): string => {
    const line = Buffer.concat(parts).toString("utf8");
    parts.length = 0;
    length = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      keep(chunk.subarray(start, end));
      const line = take();
      if (line.trim() !== "") yield line;
      start = end + 1;
    }
    // A copy: a small rest must not keep the memory of a large chunk, nor change with it.
    keep(new Uint8Array(chunk.subarray(start)));
  }
  if (take().trim() !== "")
    throw new Failure(
      "unreachable",
      "stream-cut",
      "The event stream ended in the middle of a line.",
    );
}

const lineFeed = 0x0a;
/** From this length on, the rows of a line are checked sooner by a compiled schema, its compilation included. */
const longLine = 16_384;

/** `unreachable/stream-broken`; `message` completes "The function's response could not be read: …". */
export function brokenStream(message: string, cause?: unknown): Failure {
  return new Failure(
    "unreachable",
    "stream-broken",
    `The function's response could not be read: ${message}.`,
    { cause },
  );
}
