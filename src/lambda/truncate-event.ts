import type { RunEvent } from "../protocol/events.ts";
import { encodeEvent, largestEventBytes } from "../protocol/ndjson.ts";
import { splitListEvent } from "../protocol/split-list-events.ts";

/** Each round is harder: the longest text in characters and the longest list that stay. */
const rounds = [
  [16_000, 2000],
  [4000, 500],
  [1000, 100],
  [200, 20],
] as const;

/**
 * An event as lines of at most 64 kB each. Long lists come in parts; what is too long even then is cut, and a `log` event
 * before it says so and names the request whose log has everything.
 */
export function eventLines(event: RunEvent, requestId: string): string[] {
  const line = encodeEvent(event);
  if (fits(line)) return [line];
  return splitListEvent(event, largestEventBytes).flatMap((part) => {
    const whole = encodeEvent(part);
    if (fits(whole)) return [whole];
    const message = `The next event (${event.type}) was too long and is cut; the function's log has all of it, request ${requestId}.`;
    return [
      encodeEvent({ type: "log", level: "warning", code: "event-cut", message }),
      shortest(part),
    ];
  });
}

function shortest(event: RunEvent): string {
  for (const [characters, elements] of rounds) {
    const line = `${JSON.stringify(shortened(event, characters, elements))}\n`;
    if (fits(line)) return line;
  }
  return encodeEvent({
    type: "log",
    level: "warning",
    code: "event-dropped",
    message: `An event (${event.type}) was too long to be sent.`,
  });
}

function fits(line: string): boolean {
  // No character takes more than three bytes for each of its UTF-16 units: short lines need no counting.
  return line.length * 3 <= largestEventBytes || Buffer.byteLength(line) <= largestEventBytes;
}

function shortened(value: unknown, characters: number, elements: number): unknown {
  if (typeof value === "string")
    return value.length <= characters
      ? value
      : `${value.slice(0, characters).replace(/[\uD800-\uDBFF]$/, "")} … (cut)`;
  if (Array.isArray(value))
    return value.slice(0, elements).map((inner) => shortened(inner, characters, elements));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, shortened(inner, characters, elements)]),
  );
}
