import * as z from "zod";
import { RunEvent } from "./events.ts";
import { Failure } from "./failure.ts";
import { parseJson } from "./json.ts";
import { joinListEvents } from "./split-list-events.ts";

/** An event is at most this many bytes on the wire. */
export const largestEventBytes = 64 * 1024;

/** An event of a type this side does not know: shown as a plain line, never an error. */
export interface UnknownEvent {
  readonly type: "unknown";
  readonly line: string;
}

const known = new Set<string>(RunEvent.options.map((option) => option.shape.type.value));
const Typed = z.object({ type: z.string() });

/** One event as one line, with its line feed. JSON never holds a raw line feed, so lines stay whole. */
export function encodeEvent(event: RunEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** One line as an event. Throws `unreachable/stream-broken` for a line that is not a JSON object, or a known type in the wrong shape. */
export function decodeLine(line: string): RunEvent | UnknownEvent {
  const content = parseJson(line);
  const typed = Typed.safeParse(content);
  if (!typed.success) throw broken(`a line is not an event: ${line.slice(0, 200)}`);
  if (!known.has(typed.data.type)) return { type: "unknown", line };
  const event = RunEvent.safeParse(content);
  if (!event.success)
    throw broken(`an event "${typed.data.type}" has an unexpected shape`, event.error);
  return event.data;
}

/** Bytes as events, whatever way they are cut; parts of a long list come as one event. Throws `unreachable/stream-cut` when they end inside a line. */
export async function* decodeEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<RunEvent | UnknownEvent> {
  const utf8 = new TextDecoder("utf-8");
  const whole = joinListEvents<UnknownEvent>();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + utf8.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield* whole(decodeLine(line));
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
