import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { splitStatements } from "../../../src/local/hasura-api/split-statements.ts";

describe("split statements", () => {
  for (const [title, text, expected] of [
    ["semicolons separate, blanks and empty ones go", " a ;; b\n; ", ["a", "b"]],
    ["comments go", "a -- c;\nb /* ; */ c; d", ["a b  c", "d"]],
    ["a comment without an end takes the rest", "a; /* b; c", ["a"]],
    [
      "a string keeps its semicolons and doubled quotes",
      "select 'a;''b;'; c",
      ["select 'a;''b;'", "c"],
    ],
    ["a dollar-quoted body stays whole", "do $x$ a; b $x$; c", ["do $x$ a; b $x$", "c"]],
    [
      "a comment sign in a string cuts it: the server's flaw",
      "select 'a -- b'; c\nd",
      ["select 'a d"],
    ],
    ["a comment in a body is dropped too", "do $$ a; -- b\nc; $$", ["do $$ a; c; $$"]],
    ["one dollar sign is just one", "select $1; b", ["select $1", "b"]],
    ["nothing but comments is nothing", "-- a\n/* b */", []],
  ] as const) {
    test(title, () => assert.deepEqual(splitStatements(text), expected));
  }
});
