import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { eventLines } from "../../src/lambda/truncate-event.ts";
import type { RunEvent } from "../../src/protocol/events.ts";
import { textHint } from "../../src/protocol/hint.ts";
import { decodeLine, encodeEvent, largestEventBytes } from "../../src/protocol/ndjson.ts";

const failed = (message: string, hints: string[] = []): RunEvent => ({
  type: "run.failed",
  applied: 0,
  notReached: 0,
  tookMs: 1,
  failure: {
    kind: "migration",
    code: "sql-failed",
    message,
    hints: hints.map(textHint),
    causes: [],
  },
});

describe("truncate event", () => {
  test("an event within the bound is sent as it is", () => {
    const event = failed("x".repeat(60_000));
    assert.deepEqual(eventLines(event, "request-1"), [encodeEvent(event)]);
  });

  const tooLong: readonly [string, RunEvent][] = [
    ["one long text", failed("x".repeat(200_000))],
    ["long texts of three bytes a character", failed("語".repeat(30_000))],
    ["many long texts", failed("short", Array<string>(100).fill("y".repeat(5000)))],
    ["very many short texts", failed("short", Array<string>(30_000).fill("z"))],
    ["characters that take two units", failed("🐘".repeat(40_000))],
  ];
  for (const [what, event] of tooLong) {
    test(`${what}: cut to the bound, with a line before it that names the request`, () => {
      const lines = eventLines(event, "request-1");
      assert.equal(lines.length, 2);
      for (const line of lines) assert(Buffer.byteLength(line) <= largestEventBytes);
      const [note, cut] = lines.map(decodeLine);
      assert(
        note?.type === "log" && note.code === "event-cut" && note.message.includes("request-1"),
      );
      assert.equal(cut?.type, "run.failed");
      assert(!lines.join("").includes('\\ud83d"'), "half a character at the end");
    });
  }

  test("a long status is sent in parts, without truncation", () => {
    const migrations = Array.from({ length: 5000 }, (_, i) => ({
      version: String(i + 1),
      name: "n".repeat(40),
      state: "applied" as const,
    }));
    const lines = eventLines(
      {
        type: "status",
        databases: [{ database: "default", kind: "postgres", store: "catalog", migrations }],
      },
      "request-1",
    );
    for (const line of lines) assert(Buffer.byteLength(line) <= largestEventBytes);
    const seen = lines
      .map(decodeLine)
      .flatMap((event) =>
        event.type === "status" ? event.databases.flatMap((it) => it.migrations) : [],
      );
    assert.deepEqual(seen, migrations);
  });

  test("a text is never cut in the middle of a character, wherever the limit falls", () => {
    for (const before of ["", "a"]) {
      const [, line = ""] = eventLines(failed(before + "🐘".repeat(40_000)), "request-1");
      const event = decodeLine(line);
      assert(event.type === "run.failed" && event.failure.message.endsWith(" … (cut)"));
      assert(!/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/.test(event.failure.message));
    }
  });
});
