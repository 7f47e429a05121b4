import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { emptyFileNotices, isEmptySql } from "../../../src/engine/sql/is-empty.ts";

const texts: [sql: string, empty: boolean][] = [
  ["", true],
  [" \t\r\n\f", true],
  [";;\n;", true],
  ["--", true],
  ["-- a comment", true],
  ["-- one\r\n-- two\n;", true],
  ["/**/", true],
  ["/* a comment */", true],
  ["/* one /* two */ still one */;", true],
  ["-- /* opens nothing\n", true],
  ["SELECT 1", false],
  [" ; SELECT 1", false],
  ["SELECT 1 /* a comment */", false],
  ["-- a comment\nSELECT 1", false],
  ["-- a comment\rSELECT 1", false],
  ["/* a comment */ SELECT 1", false],
  ["/* -- */ SELECT 1", false],
  ["/* one /* two */ three */ SELECT 1", false],
  ["-", false],
  ["/", false],
  ["*/", false],
  ["/* never ends", false],
  ["/* one /* two */ never ends", false],
  ["/*/", false],
];

describe("empty SQL", () => {
  for (const [sql, empty] of texts) {
    test(`${JSON.stringify(sql)} holds ${empty ? "no statement" : "something to send"}`, () => {
      assert.equal(isEmptySql(sql), empty);
      assert.equal(emptyFileNotices(sql).length, empty ? 1 : 0);
    });
  }
});
