import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { failureLines } from "../../../src/cli/output/views/failure.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { textWidth } from "../../../src/cli/output/format.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { textHint } from "../../../src/protocol/hint.ts";

const plain = colorsFor({ write: () => undefined, isTTY: false, columns: 80 }, {}, false);
const oneLine = `insert into t values ${Array.from({ length: 60 }, (_, i) => `(${i}, 'näme ${i}')`).join(", ")}; select nosuch;`;
const sentence = (at: number, message = 'column "nosuch" does not exist'): Failure =>
  new Failure("migration", "sql-failed", `f/up.sql failed: ${message} (SQLSTATE 42703)`, {
    sql: {
      file: "f/up.sql",
      sqlstate: "42703",
      message,
      place: { line: 1, column: at, text: oneLine },
    },
  });
const charactersBefore = (word: string): number =>
  Array.from(oneLine.slice(0, oneLine.indexOf(word))).length;

describe("failure view", () => {
  for (const columns of [40, 60, 80]) {
    for (const word of ["insert", "(30, ", "nosuch"]) {
      test(`a long line is cut around the caret under ${word} at ${columns} columns`, () => {
        const lines = failureLines(sentence(charactersBefore(word) + 1), { style: plain, columns });
        for (const line of lines) assert.ok(textWidth(line) <= columns, line);
        const [, shown = "", caret = ""] = lines;
        assert.ok(shown.slice(caret.indexOf("^")).startsWith(word.slice(0, 3)), lines.join("\n"));
        assert.match(shown, /…/);
      });
    }
  }

  test("in a log a long line is cut as well, and the words stay beside the caret", () => {
    const lines = failureLines(sentence(charactersBefore("nosuch") + 1), {
      style: plain,
      columns: Infinity,
    });
    assert.ok(lines.every((line) => line.length < 240));
    assert.match(lines[2] ?? "", /\^ 42703 column "nosuch" does not exist$/);
  });

  test("what the database said stands once, and so does the file", () => {
    const card = (below: boolean): string =>
      failureLines(sentence(1), { style: plain, columns: 200, below }).join("\n");
    assert.match(card(false), /^✗ f\/up\.sql:1 failed\n {4}1 │ insert/);
    assert.match(card(true), /^ {2}f\/up\.sql:1\n {4}1 │ insert/);
    for (const text of [card(false), card(true)])
      for (const once of ["does not exist", "42703", "f/up.sql"])
        assert.equal(text.split(once).length, 2, text);
  });

  test("long words of a database are broken at spaces, and a command to paste is not", () => {
    const argv = ["hasura-migrate", "mark", "dev-3", ...Array<string>(5).fill("1700000000100")];
    const failure = new Failure("migration", "sql-failed", "x", {
      hints: [
        { kind: "command", argv, reason: "if it took effect" },
        textHint("word ".repeat(20).trim()),
      ],
      sql: { message: "word ".repeat(40).trim(), sqlstate: "42703" },
    });
    const lines = failureLines(failure, { style: plain, columns: 60 });
    const command = `    ${argv.join(" ")}`;
    assert.deepEqual(lines.slice(-4, -2), ["  → if it took effect:", command]);
    for (const line of lines.filter((each) => each !== command))
      assert.ok(line.length <= 60 && !line.endsWith("wor"), line);
    const wide = failureLines(failure, { style: plain, columns: 200 });
    assert.ok(wide.includes(`  → if it took effect: ${argv.join(" ")}`));
  });

  test("a failure without a known place shows no caret, and says when Hasura hides the SQLSTATE", () => {
    const failure = new Failure("migration", "sql-failed", "x failed", {
      sql: { file: "f/up.sql", message: "database query error" },
    });
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      "✗ x failed",
      "  f/up.sql",
      "    database query error",
      "    no SQLSTATE: this Hasura hides the details of database errors",
    ]);
  });

  test("where Hasura hides what the database said, its own words stand once", () => {
    const failure = new Failure(
      "migration",
      "sql-failed",
      'f/up.sql failed: Hasura says "database query error" at $.args.',
      {
        sql: { file: "f/up.sql", message: "database query error" },
      },
    );
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      '✗ f/up.sql failed: Hasura says "database query error" at $.args.',
      "    no SQLSTATE: this Hasura hides the details of database errors",
    ]);
  });
});
