import { cleanText } from "../clean-text.ts";
import type { RunEvent } from "../protocol/events.ts";
import { encodeEvent, largestEventBytes } from "../protocol/ndjson.ts";
import { splitListEvent } from "../protocol/split-list-events.ts";
import { columnLines, isLongStatus, statusColumns } from "../protocol/status-columns.ts";

/** Limits on texts (in characters) and lists, tried one after the other until the event fits. */
const rounds = [
  [16_000, 2000],
  [4000, 500],
  [1000, 100],
  [200, 20],
] as const;

/**
 * An event as lines of at most 64 kB each. Long lists are split into several events. What is still too long is truncated, after
 * a `log` event that names the request whose log has all of it. `accept` names what the client reads beyond that.
 */
export function eventLines(
  event: RunEvent,
  requestId: string,
  accept: readonly string[] = [],
): string[] {
  if (isLongStatus(event) && accept.includes(statusColumns)) {
    const lines = columnLines(event, largestEventBytes);
    if (lines) return lines;
  }
  const line = encodeEvent(event);
  if (fits(line)) return [line];
  return splitListEvent(event, largestEventBytes).flatMap((part) => {
    const whole = encodeEvent(part);
    if (fits(whole)) return [whole];
    const message = `The next event (${event.type}) was too long and has been truncated; the full event is in the function's log (request ${requestId}).`;
    return [
      encodeEvent({ type: "log", level: "warning", code: "event-cut", message }),
      truncated(part),
    ];
  });
}

function truncated(event: RunEvent): string {
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
  // A UTF-16 unit takes at most three bytes in UTF-8, so short lines need no counting.
  return line.length * 3 <= largestEventBytes || Buffer.byteLength(line) <= largestEventBytes;
}

function shortened(value: unknown, characters: number, elements: number): unknown {
  if (typeof value === "string")
    return value.length <= characters ? value : `${cleanText(value, characters)} … (cut)`;
  if (Array.isArray(value))
    return value.slice(0, elements).map((inner) => shortened(inner, characters, elements));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, shortened(inner, characters, elements)]),
  );
}
