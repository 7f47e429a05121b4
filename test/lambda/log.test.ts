import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { jsonLog } from "../../src/lambda/log.ts";
import { redactor } from "../../src/lambda/secrets/redact.ts";
import type { RunEvent } from "../../src/protocol/events.ts";

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
const failure = {
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
  },
} satisfies Extract<RunEvent, { type: "run.failed" }>["failure"];
const counts = { applied: 0, notReached: 0, tookMs: 1 };

describe("log", () => {
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
      { type: "run.failed", ...counts, failure },
      { type: "migration.failed", ...migration, tookMs: 1, failure },
    ] as const) {
      const line = logged(event);
      assert.doesNotMatch(line, /Canary|CREATE ROLE/);
      assert.match(line, /"place":\{"line":3,"column":7\}/);
    }
  });
});
