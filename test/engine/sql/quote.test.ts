import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { quoteIdentifier, quoteLiteral, versionNumber } from "../../../src/engine/sql/quote.ts";

describe("quoting", () => {
  const identifiers: [name: string, sql: string][] = [
    ["users", '"users"'],
    ["my table", '"my table"'],
    ['a"b"', '"a""b"""'],
    ["a\\b'c", '"a\\b\'c"'],
    ["", '""'],
  ];
  for (const [name, sql] of identifiers)
    test(`the name ${JSON.stringify(name)} is ${sql} in SQL`, () =>
      assert.equal(quoteIdentifier(name), sql));

  const literals: [text: string, sql: string][] = [
    ["", "''"],
    ["plain", "'plain'"],
    ["it's 'so'", "'it''s ''so'''"],
    ['a "name"', "'a \"name\"'"],
    ["C:\\new", "E'C:\\\\new'"],
    ["\\'; DROP TABLE a; --\\", "E'\\\\''; DROP TABLE a; --\\\\'"],
  ];
  for (const [text, sql] of literals)
    test(`the text ${JSON.stringify(text)} is ${sql} in SQL`, () =>
      assert.equal(quoteLiteral(text), sql));

  test("a NUL character is refused in names and texts, because PostgreSQL cannot hold it", () => {
    assert.throws(() => quoteIdentifier("a\0b"), RangeError);
    assert.throws(() => quoteLiteral("a\0b"), RangeError);
  });

  test("a version goes into SQL as it is, and nothing but a version does", () => {
    assert.equal(versionNumber("1700000000000"), "1700000000000");
    assert.throws(() => versionNumber("1; DROP TABLE a"));
    assert.throws(() => versionNumber("01"));
  });
});
