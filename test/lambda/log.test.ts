import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { jsonLog } from "../../src/lambda/log.ts";
import { redactor } from "../../src/lambda/secrets/redact.ts";
import type { LogLevel } from "../../src/lambda/settings.ts";
import type { RunEvent } from "../../src/protocol/events.ts";
import type { FailureData } from "../../src/protocol/failure.ts";

function logAt(level: LogLevel) {
  const lines: string[] = [];
  const log = jsonLog({
    write: (line) => void lines.push(line),
    now: () => Date.UTC(2026, 10, 24),
    level,
    redact: redactor(),
    about: { requestId: "request-1", runId: "run-1" },
  });
  return { log, lines };
}

const noted = (level: LogLevel): RunEvent => ({ type: "log", level, code: "x", message: "m" });
const of = { database: "default", version: "1", name: "x", direction: "up" } as const;
const failure = { kind: "busy", code: "busy", message: "m", hints: [], causes: [] } as const;
const failed: RunEvent[] = [
  { type: "migration.failed", ...of, tookMs: 1, failure: { ...failure, hints: [], causes: [] } },
  { type: "migration.unknown", ...of, reason: "r" },
  {
    type: "run.failed",
    applied: 0,
    notReached: 0,
    tookMs: 1,
    failure: { ...failure, hints: [], causes: [] },
  },
];

describe("the function's log", () => {
  test("has one JSON object a line, with the time, the level, and the run it belongs to", () => {
    const { log, lines } = logAt("debug");
    log.info("hello", { a: 1 });
    log.warning("careful", {});
    log.event(noted("info"));
    const about = { at: "2026-11-24T00:00:00.000Z", requestId: "request-1", runId: "run-1" };
    assert.deepEqual(
      lines.map((line): unknown => JSON.parse(line)),
      [
        { ...about, level: "info", message: "hello", a: 1 },
        { ...about, level: "warning", message: "careful" },
        { ...about, level: "info", event: noted("info") },
      ],
    );
    assert(lines.every((line) => line.endsWith("}\n")));
  });

  for (const [level, messages] of [
    ["debug", ["info", "warning", "debug event", "info event", "warning event"]],
    ["info", ["info", "warning", "info event", "warning event"]],
    ["warning", ["warning", "warning event"]],
  ] as const)
    test(`at the level ${level} has ${messages.join(", ")}`, () => {
      const { log, lines } = logAt(level);
      log.info("info", {});
      log.warning("warning", {});
      for (const one of ["debug", "info", "warning"] as const) log.event(noted(one));
      assert.deepEqual(
        lines.map((line) => {
          const { level: of, message } = JSON.parse(line) as { level: string; message?: string };
          return message ?? `${of} event`;
        }),
        messages,
      );
    });

  test("has failures at the level warning, and successes below it", () => {
    const { log, lines } = logAt("warning");
    for (const event of failed) log.event(event);
    assert.equal(lines.length, failed.length);
    log.event({ type: "migration.started", ...of });
    log.event({ type: "run.finished", applied: 0, notReached: 0, tookMs: 1 });
    assert.equal(lines.length, failed.length);
  });
});

function logged(event: RunEvent): string {
  const lines: string[] = [];
  const log = jsonLog({
    write: (line) => lines.push(line),
    now: () => 0,
    level: "debug",
    redact: redactor(),
    about: { requestId: "r" },
  });
  log.event(event);
  return lines.join("");
}

const canary = "CREATE ROLE a PASSWORD 'Canary-77'";
const migration = { database: "default", version: "1", name: "a", direction: "up" } as const;
const sqlFailure = {
  kind: "migration",
  code: "sql-failed",
  message: "1_a/up.sql failed",
  hints: [],
  causes: [],
  sql: {
    file: "migrations/default/1_a/up.sql",
    sqlstate: "42601",
    message: "syntax error",
    place: { line: 3, column: 7, text: canary },
    places: [{ line: 4, column: 1, text: canary }],
  },
} satisfies Extract<RunEvent, { type: "run.failed" }>["failure"];
const counts = { applied: 0, notReached: 0, tookMs: 1 };

test("exported metadata is logged without its content", () => {
  const { log, lines } = logAt("debug");
  const event = { type: "metadata.document", resourceVersion: 7, encoding: "brotli" } as const;
  log.event({ ...event, bytes: 2, data: "CwGAe30D" });
  assert.match(lines.join(""), /"event":\{"type":"metadata.document",.*"bytes":2\}/);
  assert(!lines.join("").includes("CwGAe30D"));
});

describe("the SQL in the function's log", () => {
  test("a plan is logged with its files, without their SQL", () => {
    const file = "migrations/default/1_a/up.sql";
    const item = { ...migration, file, lines: 1, transaction: true, sql: canary };
    const databases = [{ database: "default", kind: "postgres", applied: 0, items: [item] }];
    const line = logged({ type: "plan", databases });
    assert.doesNotMatch(line, /Canary|CREATE ROLE/);
    assert.match(line, /1_a\/up\.sql/);
  });

  test("a failure is logged with its position, without the line of SQL", () => {
    for (const event of [
      { type: "run.failed", ...counts, failure: sqlFailure },
      { type: "migration.failed", ...migration, tookMs: 1, failure: sqlFailure },
    ] as const) {
      const line = logged(event);
      assert.doesNotMatch(line, /Canary|CREATE ROLE/);
      assert.match(line, /"place":\{"line":3,"column":7\},"places":\[\{"line":4,"column":1\}\]/);
    }
  });

  test("a query's failure is logged with its code and position, without what the database says about data", () => {
    const words = 'invalid input syntax for type integer: "Canary-77"';
    const query: Omit<FailureData, "code" | "message"> = {
      kind: "usage",
      hints: [],
      causes: [words],
      sql: {
        sqlstate: "22P02",
        message: words,
        detail: words,
        hint: words,
        place: { line: 1, column: 8, text: "SELECT 'Canary-77'::int" },
      },
    };
    for (const code of ["sql-error", "sql-syntax", "sql-refused"]) {
      const failure = { ...query, code, message: `The query failed: ${words}` };
      const line = logged({ type: "run.failed", ...counts, failure });
      assert.doesNotMatch(line, /Canary/);
      assert.match(line, new RegExp(`"usage","code":"${code}"`));
      assert.match(line, /"sqlstate":"22P02","place":\{"line":1,"column":8\}/);
    }
  });
});
