import * as z from "zod";

const Events = z.union([
  z.array(z.unknown()),
  z.object({ events: z.array(z.unknown()) }).transform(({ events }) => events),
]);

/**
 * The bytes of a response as lines of events. A function without streaming returns one JSON value that holds the same lines: as
 * one string, as a list, or under `events`. A line of events begins with `{"type"` and passes unchanged.
 */
export async function* asLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let whole: Uint8Array[] | undefined;
  let started = false;
  for await (const chunk of chunks) {
    if (!started && chunk.length > 0) {
      started = true;
      if (isSingleValue(chunk)) whole = [];
    }
    if (whole) whole.push(chunk);
    else yield chunk;
  }
  if (whole) yield new TextEncoder().encode(linesOf(Buffer.concat(whole).toString("utf8")));
}

function isSingleValue(chunk: Uint8Array): boolean {
  return /^\s*(["[]|\{\s*"events")/.test(new TextDecoder().decode(chunk.subarray(0, 64)));
}

function linesOf(text: string): string {
  const value = parseJson(text);
  if (typeof value === "string") return value;
  const events = Events.safeParse(value);
  return events.success ? events.data.map((event) => `${JSON.stringify(event)}\n`).join("") : text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
