import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import { brokenStream } from "../../../protocol/ndjson.ts";
import { functionFailure } from "./function-errors.ts";
import type { InvocationTarget } from "./invoke-errors.ts";

const Events = z.union([
  z.array(z.unknown()),
  z.object({ events: z.array(z.unknown()) }).transform(({ events }) => events),
]);

/** Above this a response that is one value is not read: Lambda buffers at most 6 MB. */
const largestValueBytes = 16 * 1024 * 1024;

/**
 * The bytes of a response as lines of events. A function without streaming returns one JSON value that holds the same lines: as
 * one string, as a list, or under `events`. A line of events begins with `{"type"` and passes unchanged. Throws the failure that
 * the platform reports where its report comes in place of the response.
 */
export async function* asLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  target: InvocationTarget,
): AsyncGenerator<Uint8Array> {
  const whole: Uint8Array[] = [];
  let bytes = 0;
  let isWhole = false;
  for await (const chunk of chunks) {
    isWhole ||= bytes === 0 && isSingleValue(chunk);
    bytes += chunk.length;
    if (!isWhole) yield chunk;
    else if (bytes > largestValueBytes) throw brokenStream("it is not a list of events");
    else whole.push(chunk);
  }
  if (whole.length === 0) return;
  const text = Buffer.concat(whole).toString("utf8");
  const value = parseJson(text);
  const report = platformReport(text, value);
  if (report !== undefined) throw functionFailure("Unhandled", report, target);
  yield new TextEncoder().encode(linesOf(text, value));
}

/** Anything but an object, a list under `events`, or the report of an error. */
function isSingleValue(chunk: Uint8Array): boolean {
  return /^\s*([^\s{]|\{\s*"(events|error))/.test(new TextDecoder().decode(chunk.subarray(0, 64)));
}

const Report = z.object({ errorMessage: z.string(), type: z.undefined().optional() });

/** What the runtime interface emulator returns, with status 200, for a function that timed out or exited. */
function platformReport(text: string, value: unknown): string | undefined {
  if (Report.safeParse(value).success) return text;
  const sentence = typeof value === "string" ? value : text;
  return /^(\S+ ){0,2}Task timed out after [\d.]+ seconds\s*$/.test(sentence)
    ? sentence.trim()
    : undefined;
}

function linesOf(text: string, value: unknown): string {
  if (typeof value === "string") return value;
  const events = Events.safeParse(value);
  return events.success ? events.data.map((event) => `${JSON.stringify(event)}\n`).join("") : text;
}
