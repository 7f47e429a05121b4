import { cleanText } from "../clean-text.ts";
import * as z from "zod";
import { RunEvent } from "./events.ts";
import { Failure } from "./failure.ts";
import { parseJson } from "./json.ts";
import { joinListEvents } from "./split-list-events.ts";

/** Largest size of one event on the wire, in bytes. */
export const largestEventBytes = 64 * 1024;

/** An event of a type that only the other side's version has. It is shown as a plain line, never treated as an error. */
export interface UnknownEvent {
  readonly type: "unknown";
  readonly line: string;
}

const knownTypes = new Set<string>(RunEvent.options.map((option) => option.shape.type.value));
const TypedObject = z.looseObject({ type: z.string() });

/** One event as one line, line feed included. JSON escapes line feeds inside strings, so an event never spans lines. */
export function encodeEvent(event: RunEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/**
 * Parses one line. Throws `unreachable/stream-broken` if it is not a JSON object with a type, or if a known type does
 * not have its shape.
 */
export function decodeLine(line: string): RunEvent | UnknownEvent {
  const value = TypedObject.safeParse(parseJson(line));
  if (!value.success) throw broken(`a line is not an event: ${cleanText(line, 200)}`);
  const { type } = value.data;
  if (!knownTypes.has(type)) return { type: "unknown", line };
  const event = RunEvent.safeParse(value.data);
  if (!event.success) throw broken(`an event "${type}" has an unexpected shape`, event.error);
  return event.data;
}

/**
 * Decodes a byte stream into events, wherever the chunks are split. The parts of a long list are joined into one event.
 * Throws `unreachable/stream-cut` if the stream ends inside a line, and what `decodeLine` throws.
 */
export async function* decodeEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<RunEvent | UnknownEvent> {
  const utf8 = new TextDecoder("utf-8");
  const join = joinListEvents<UnknownEvent>();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + utf8.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield* join(decodeLine(line));
  }
  rest += utf8.decode();
  if (rest.trim() !== "")
    throw new Failure(
      "unreachable",
      "stream-cut",
      "The event stream ended in the middle of a line.",
    );
}

function broken(message: string, cause?: unknown): Failure {
  return new Failure(
    "unreachable",
    "stream-broken",
    `The function's answer could not be read: ${message}.`,
    { cause },
  );
}
