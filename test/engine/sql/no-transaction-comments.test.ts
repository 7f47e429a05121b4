import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { findMisparsedLine } from "../../../src/engine/sql/no-transaction-check.ts";

/** What PostgreSQL reads as a comment cannot be misread: dropping it is right. */
const cases: [sql: string, line: number | undefined][] = [
  ["/* 'a -- b' */ SELECT 1", undefined],
  ["/* one /* two */ 'a -- b' */ SELECT 1", undefined],
  ["/* never ends 'a -- b'", undefined],
  ["-- 'a /* b'\nSELECT 1", undefined],
  ["/* a comment */ SELECT 'a -- b'", 1],
  ["/* one /* two */ three */\nSELECT 'a -- b'", 2],
  ["/**/SELECT 'a -- b'", 1],
  ["-- a comment\nSELECT 'a /* b'", 2],
  ['SELECT 1 AS "a name"', undefined],
  ["SELECT 'the \\' -- it's over", undefined],
  ["SELECT e'it\\'s'", 1],
];

describe("no transaction check, beside comments", () => {
  for (const [sql, line] of cases) {
    test(`${JSON.stringify(sql)} is ${line === undefined ? "read as it is" : `misread in line ${String(line)}`}`, () => {
      assert.equal(findMisparsedLine(sql), line);
    });
  }
});
