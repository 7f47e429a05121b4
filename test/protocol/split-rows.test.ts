import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EventOf } from "../../src/protocol/events.ts";
import { decodeEvents, encodeEvent } from "../../src/protocol/ndjson.ts";
import { splitListEvent } from "../../src/protocol/split-list-events.ts";

type Rows = EventOf<"rows">;
const bytes = 64 * 1024;

async function overTheWire(
  event: Rows,
): Promise<{ parts: number; received: unknown; largest: number }> {
  const parts = splitListEvent(event, bytes).map(encodeEvent);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const part of parts) yield Buffer.from(part);
    await Promise.resolve();
  }
  const received: unknown[] = [];
  for await (const each of decodeEvents(chunks())) received.push(each);
  assert.equal(received.length, 1);
  return {
    parts: parts.length,
    received: received[0],
    largest: Math.max(...parts.map((part) => Buffer.byteLength(part))),
  };
}

const event = (rows: (string | null)[][], columns = ["a", "b"]): Rows => ({
  type: "rows",
  database: "default",
  columns,
  rows,
  cut: "rows",
});

describe("rows over the wire", () => {
  const answers: readonly (readonly [string, Rows])[] = [
    ["no row", event([])],
    ["no column", event([[], []], [])],
    [
      "many rows",
      event(Array.from({ length: 5000 }, (_, i) => [String(i), i % 3 === 0 ? null : "text"])),
    ],
    [
      "a value of a megabyte",
      event([
        ["1", "x".repeat(1_000_000)],
        ["2", "y"],
      ]),
    ],
    [
      "large values next to each other",
      event([
        ["x".repeat(200_000), "y".repeat(200_000)],
        [null, "z".repeat(70_000)],
        ["", ""],
      ]),
    ],
    [
      "NULL and empty texts beside a large value",
      event([
        [null, "x".repeat(300_000)],
        ["x".repeat(300_000), null],
        ["", "x".repeat(300_000)],
      ]),
    ],
    [
      "emoji and control characters",
      event([
        ["😀".repeat(40_000), "\u0000".repeat(30_000)],
        ["é", "\u001f"],
      ]),
    ],
    [
      "values just around the limit",
      event(Array.from({ length: 200 }, (_, i) => ["x".repeat(bytes - 1200 + i), null])),
    ],
    [
      "a row with very many columns",
      event(
        [Array.from({ length: 1600 }, (_, i) => `value ${String(i)} ${"x".repeat(100)}`)],
        Array.from({ length: 1600 }, (_, i) => `c${String(i)}`),
      ),
    ],
  ];
  for (const [what, sent] of answers)
    test(`${what} arrives as it was, in lines that are not too long`, async () => {
      const { received, largest } = await overTheWire(sent);
      assert.deepEqual(received, sent);
      assert.ok(largest <= bytes, String(largest));
    });
});
