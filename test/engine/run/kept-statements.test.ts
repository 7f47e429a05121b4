import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { keptStatements, type FailedAt } from "../../../src/engine/run/kept-statements.ts";

const sql =
  "-- hasura:no-transaction\nALTER TABLE a ADD b int; -- one\nCREATE INDEX CONCURRENTLY i ON a (b);\nSELECT 1;\nSELECT 1;\n";
const placeOf = (line: number) => ({ line, column: 1, text: "" });

function kept(at: FailedAt, text = sql): readonly [string, number] | undefined {
  const found = keptStatements(text, at);
  return found && [found.text, found.reached.length];
}

const third =
  "Statement 3 of 4 (line 4) failed; statements 1 to 2 (from line 2) are committed; the rest was not run. To finish: make the committed ones repeatable (IF NOT EXISTS) or delete them from the file.";

describe("what is kept of a file whose statements were sent one by one", () => {
  test("the failing statement is known by its place", () => {
    assert.deepEqual(kept({ place: placeOf(4) }), [third, 3]);
    assert.match(
      kept({ place: placeOf(2) })?.[0] ?? "",
      /^Statement 1 of 4 \(line 2\) failed; nothing was committed before it; the rest was not run\.$/,
    );
  });

  test("it is known by its text, whatever comments and white space Hasura removed", () => {
    assert.match(
      kept({ statement: "\n CREATE INDEX\tCONCURRENTLY i ON a (b)" })?.[0] ?? "",
      /^Statement 2 of 4 \(line 3\) failed; statement 1 \(line 2\) is committed; the rest/,
    );
  });

  test("the text takes precedence over the place, which is only the position of a name", () => {
    assert.equal(kept({ statement: "ALTER TABLE a ADD b int", place: placeOf(3) })?.[1], 1);
  });

  test("of two statements with the same text the place decides, and without it none is named", () => {
    assert.deepEqual(kept({ statement: "SELECT 1", place: placeOf(4) }), [third, 3]);
    const open = [
      "Its 4 statements are committed one by one, so those before the failing one remain in effect.",
      4,
    ];
    assert.deepEqual(kept({ statement: "SELECT 1" }), open);
    assert.deepEqual(kept({ statement: "SELECT 1", place: placeOf(2) }), open);
    assert.deepEqual(kept({}), open);
    assert.deepEqual(kept({ statement: "SELECT something_else" }), open);
  });

  test("a single statement is the failing one", () => {
    assert.deepEqual(kept({}, "SELECT 1/0;"), [
      "Statement 1 of 1 (line 1) failed; nothing was committed before it.",
      1,
    ]);
  });

  test("a file without statements keeps nothing", () => {
    assert.equal(kept({}, "-- nothing\n"), undefined);
  });
});
