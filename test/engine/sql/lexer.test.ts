import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { lineAt, tokenize, withoutComments } from "../../../src/engine/sql/lexer.ts";

/** The tokens but white space, one a line; `…` marks one that the text ends inside. */
function shown(sql: string): string[] {
  return [...tokenize(sql)]
    .filter(({ kind }) => kind !== "space")
    .map(({ kind, text, closed }) => `${kind} ${text}${closed ? "" : "…"}`);
}

const cases: [string, string, string[]][] = [
  ["nothing", "", []],
  [
    "words and symbols",
    "SELECT a_1, $1;",
    ["word SELECT", "word a_1", "symbol ,", "symbol $", "symbol 1", "symbol ;"],
  ],
  ["a word with a dollar sign", "t$x$y", ["word t$x$y"]],
  ["letters of other scripts", "größe", ["word größe"]],
  ["a line comment up to a line feed", "-- a 'b'\n1", ["line-comment -- a 'b'", "symbol 1"]],
  ["a line comment up to a carriage return", "-- a\r1", ["line-comment -- a", "symbol 1"]],
  ["a line comment at the end", "-- a", ["line-comment -- a"]],
  ["a block comment", "/* a */1", ["block-comment /* a */", "symbol 1"]],
  ["a nested block comment", "/* /* a */ b */1", ["block-comment /* /* a */ b */", "symbol 1"]],
  ["a nested block comment that is still open", "/* /* a */ b", ["block-comment /* /* a */ b…"]],
  [
    "a line comment mark inside a block comment",
    "/* -- */1",
    ["block-comment /* -- */", "symbol 1"],
  ],
  ["a string", "'a'1", ["string 'a'", "symbol 1"]],
  ["a doubled quote", "'it''s'1", ["string 'it''s'", "symbol 1"]],
  ["an empty string and a string", "'' 'a'", ["string ''", "string 'a'"]],
  ["a backslash in a plain string", "'a\\'1", ["string 'a\\'", "symbol 1"]],
  ["comment marks in a string", "'-- /*'1", ["string '-- /*'", "symbol 1"]],
  ["an open string", "'a -- b", ["string 'a -- b…"]],
  ["an escape string", "E'it\\'s'1", ["escape-string E'it\\'s'", "symbol 1"]],
  ["an escaped backslash", "e'a\\\\'1", ["escape-string e'a\\\\'", "symbol 1"]],
  ["a doubled quote in an escape string", "E'a''b'1", ["escape-string E'a''b'", "symbol 1"]],
  ["an open escape string", "E'a\\'", ["escape-string E'a\\'…"]],
  ["a word that ends with e before a string", "type'a'", ["word type", "string 'a'"]],
  ["a quoted identifier", '"a""b;"1', ['quoted-identifier "a""b;"', "symbol 1"]],
  ["a string in a quoted identifier", `"it's"1`, [`quoted-identifier "it's"`, "symbol 1"]],
  ["a dollar-quoted string", "$$a 'b$$1", ["dollar-string $$a 'b$$", "symbol 1"]],
  ["a tag", "$x$ $$ $y$ $x$1", ["dollar-string $x$ $$ $y$ $x$", "symbol 1"]],
  ["an open dollar-quoted string", "$x$ a $$", ["dollar-string $x$ a $$…"]],
];
describe("lexer", () => {
  for (const [what, sql, expected] of cases) {
    test(`the lexer reads ${what}`, () => {
      assert.deepEqual(shown(sql), expected);
      assert.equal([...tokenize(sql)].map(({ text }) => text).join(""), sql);
    });
  }

  test("a string of ten million characters is one token", () => {
    const sql = `'${"x''".repeat(3_000_000)}'`;
    assert.deepEqual(
      [...tokenize(sql)].map(({ kind, closed }) => [kind, closed]),
      [["string", true]],
    );
  });

  test("comments are replaced by a space, and nothing else is", () => {
    assert.equal(
      withoutComments("a/* b */c -- d\n'-- e' $$/* f */$$"),
      "a c  \n'-- e' $$/* f */$$",
    );
  });

  test("a line ends with LF, CR or CRLF", () => {
    const text = "a\nb\rc\r\nd";
    assert.deepEqual(
      ["a", "b", "c", "d"].map((letter) => lineAt(text, text.indexOf(letter))),
      [1, 2, 3, 4],
    );
  });
});
