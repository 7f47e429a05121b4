import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { findErrorPosition } from "../../../src/engine/sql/error-position.ts";

const placeOf = (sql: string, message: string) => findErrorPosition(sql, { message }).place;
const near = (token: string): string => `syntax error at or near "${token}"`;

describe("error position, at its limits", () => {
  test("a token of one character is found at the end of its line", () => {
    for (const end of ["\n", "\r", "\r\n"])
      assert.deepEqual(placeOf(`SELECT 1;${end})${end};`, near(")")), {
        line: 2,
        column: 1,
        text: ")",
      });
  });

  test("the text is one line, from its beginning to its end", () => {
    for (const end of ["\n", "\r"])
      assert.deepEqual(placeOf(`a;${end}  SELCT 2 ;${end}b;`, near("SELCT")), {
        line: 2,
        column: 3,
        text: "  SELCT 2 ;",
      });
  });

  test("quotes end a word, so a quoted name is found right beside one", () => {
    assert.equal(placeOf('SELECT a"b"', near('"b"'))?.column, 9);
    assert.equal(placeOf('SELECT "b"c', near('"b"'))?.column, 8);
  });

  test("digits, underscores and dollar signs belong to a word", () => {
    for (const sql of [
      "SELECT b1",
      "SELECT b_",
      "SELECT b$",
      "SELECT 1b",
      "SELECT _b",
      "SELECT äb",
    ])
      assert.equal(placeOf(sql, near("b")), undefined, sql);
  });

  test("a line of 1000 characters is shown, a longer one is not", () => {
    const line = (length: number): string => `SELCT ${"x".repeat(length - 6)}`;
    assert.equal(placeOf(line(1000), near("SELCT"))?.text.length, 1000);
    assert.equal(placeOf(line(1001), near("SELCT")), undefined);
  });

  test("a message without a token has no place, whatever the file contains", () => {
    assert.equal(placeOf("SELECT undefined", "syntax error at end of input"), undefined);
    assert.equal(placeOf("SELECT 1", near("")), undefined);
    assert.equal(placeOf("", near("")), undefined);
  });
});
