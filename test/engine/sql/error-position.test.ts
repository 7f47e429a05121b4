import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { findErrorPosition } from "../../../src/engine/sql/error-position.ts";

const placeOf = (sql: string, message: string) => findErrorPosition(sql, { message }).place;
const near = (token: string): string => `syntax error at or near "${token}"`;

describe("error position", () => {
  test("a token that occurs once is found by line and column", () => {
    assert.deepEqual(placeOf("SELECT 1;\n  SELCT 2;\n", near("SELCT")), {
      line: 2,
      column: 3,
      text: "  SELCT 2;",
    });
  });
  test("the very first token is found", () =>
    assert.deepEqual(placeOf("SELCT 1", near("SELCT")), {
      line: 1,
      column: 1,
      text: "SELCT 1",
    }));
  test("columns count characters, an emoji is one", () =>
    assert.equal(placeOf("/* 🎉🎉 */ SELCT", near("SELCT"))?.column, 10));
  test("carriage returns end lines as well", () => {
    assert.deepEqual(placeOf("a;\r\nb;\rSELCT 1\r\n", near("SELCT")), {
      line: 3,
      column: 1,
      text: "SELCT 1",
    });
  });
  test("part of a longer word is not the token", () =>
    assert.equal(placeOf("SELECT form_x, a form b", near("form"))?.column, 18));
  test("a quoted identifier is found with its quotes", () =>
    assert.equal(placeOf('CREATE TABLE "a" "b"', near('"b"'))?.column, 18));
  for (const [name, sql, message] of [
    ["twice", "SELCT;\nSELCT", near("SELCT")],
    ["not at all", "SELECT 1", near("SELCT")],
    ["in a comment only", "/* t */ SELECT 1", 'relation "t" does not exist'],
    ["at the end of input", "SELECT (", "syntax error at end of input"],
  ] as const) {
    test(`no place is guessed for a token that occurs ${name}`, () =>
      assert.equal(placeOf(sql, message), undefined));
  }
});
