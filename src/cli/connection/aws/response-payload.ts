import * as z from "zod";

const Events = z.union([
  z.array(z.unknown()),
  z.object({ events: z.array(z.unknown()) }).transform((it) => it.events),
]);

/**
 * Bytes of an answer as lines of events. A function without streaming returns one JSON value, which holds the same lines:
 * as one string, as a list, or under `events`. A line of events begins with `{"type"` and passes as it is.
 */
export async function* asLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] | undefined;
  let begun = false;
  for await (const chunk of chunks) {
    if (!begun && chunk.length > 0) {
      begun = true;
      if (isOneValue(chunk)) held = [];
    }
    if (held) held.push(chunk);
    else yield chunk;
  }
  if (held) yield new TextEncoder().encode(linesOf(Buffer.concat(held).toString("utf8")));
}

function isOneValue(chunk: Uint8Array): boolean {
  return /^\s*(["[]|\{\s*"events")/.test(new TextDecoder().decode(chunk.subarray(0, 64)));
}

function linesOf(text: string): string {
  const value: unknown = parsed(text);
  if (typeof value === "string") return value;
  const events = Events.safeParse(value);
  return events.success ? events.data.map((event) => `${JSON.stringify(event)}\n`).join("") : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
