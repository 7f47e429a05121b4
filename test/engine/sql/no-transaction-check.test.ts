import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { findMisparsedLine } from "../../../src/engine/sql/no-transaction-check.ts";

const cases: [string, number | undefined][] = [
  ["CREATE INDEX CONCURRENTLY a_b ON a (b); -- it's fine", undefined],
  ["/* a 'comment' -- with /* all */ */ SELECT 'x'", undefined],
  ["SELECT 1;\nSELECT 'a -- b'", 2],
  ["SELECT 'a /* b'", 1],
  ["DO $$\nBEGIN -- a comment\nEND $$", 1],
  ["DO $body$ BEGIN END $body$", undefined],
  ['SELECT 1 AS "a;b"', 1],
  ['SELECT 1 AS "it\'s"', 1],
  ["SELECT E'it\\'s'", 1],
  ["SELECT E'a\\n'", undefined],
  ["SELECT 'it''s'; SELECT a$b$c FROM t$x -- $b$", undefined],
  ["SELECT 'open -- ", undefined],
];
describe("no transaction check", () => {
  for (const [sql, line] of cases) {
    test(`outside a transaction, ${JSON.stringify(sql)} is ${line === undefined ? "read as it is" : `misread in line ${String(line)}`}`, () => {
      assert.equal(findMisparsedLine(sql), line);
    });
  }
});
