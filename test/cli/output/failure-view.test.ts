import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { failureLines, foundPlaceLines } from "../../../src/cli/output/views/failure.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { commandHint, textHint } from "../../../src/protocol/hint.ts";

const plain = colorsFor({ isTTY: false }, {}, false);
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
  test("metadata that would be inconsistent: each object with its reason and its file", () => {
    const failure = new Failure("metadata", "would-be-inconsistent", "It would be inconsistent.", {
      metadata: {
        inconsistent: [
          {
            type: "table",
            name: "table a in source default",
            reason: "no such table",
            place: { file: "metadata/a.yaml", line: 3, column: 1 },
          },
        ],
        notShown: 2,
      },
    });
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      "✗ It would be inconsistent.",
      "    table a in source default: no such table",
      "      metadata/a.yaml:3",
      "    and 2 more",
    ]);
  });

  test("metadata that Hasura has refused: the file of what it names", () => {
    const place = { file: "metadata/query_collections.yaml", line: 3, column: 1 };
    const failure = new Failure("metadata", "metadata-refused", "Hasura refused the metadata.", {
      metadata: { refused: { at: ["query_collections", 0], place }, notShown: 0 },
    });
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      "✗ Hasura refused the metadata.",
      "    metadata/query_collections.yaml:3",
    ]);
  });

  test("metadata of which many objects would be inconsistent: the first ten, and how many more", () => {
    const inconsistent = Array.from({ length: 12 }, (_, i) => ({
      ...{ type: "table", name: `table t${i}`, reason: "no such table" },
    }));
    const failure = new Failure("metadata", "would-be-inconsistent", "It would be inconsistent.", {
      metadata: { inconsistent, notShown: 3 },
    });
    const lines = failureLines(failure, { style: plain, columns: 80 });
    assert.deepEqual(
      [lines.length, lines.at(-2), lines.at(-1)],
      [12, "    table t9: no such table", "    and 5 more"],
    );
  });

  test("metadata that somebody else has changed: what has changed in between", () => {
    const failure = new Failure("busy", "metadata-changed", "It has changed.", {
      metadata: {
        changes: [
          {
            path: [{ kind: "action", name: "charge" }],
            change: "added",
            isInside: false,
            fields: [],
            attention: [],
          },
        ],
        notShown: 0,
      },
    });
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      "✗ It has changed.",
      "  + action charge",
    ]);
  });

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

  test("in a log a long line is cut as well, and the message stays beside the caret", () => {
    const lines = failureLines(sentence(charactersBefore("nosuch") + 1), {
      style: plain,
      columns: Infinity,
    });
    assert.ok(lines.every((line) => line.length < 240));
    assert.match(lines[2] ?? "", /\^ 42703 column "nosuch" does not exist$/);
  });

  test("several places are listed with their lines, each on one line of the terminal", () => {
    const failure = new Failure("migration", "sql-failed", "x", {
      sql: {
        file: "f/up.sql",
        sqlstate: "42P01",
        message: 'relation "a" does not exist',
        places: [
          { line: 9, column: 1, text: "\tSELECT a" },
          { line: 10, column: 1, text: `SELECT a, ${"b, ".repeat(60)}` },
        ],
      },
    });
    const lines = failureLines(failure, { style: plain, columns: 60 });
    assert.deepEqual(lines.slice(2, 3), ["     9 │ SELECT a"]);
    assert.match(lines[3] ?? "", /^ {4}10 │ SELECT a, b, .*…$/);
    assert.ok(lines.every((line) => textWidth(line) <= 60));
  });

  test("a caret under a whole statement is called that", () => {
    const { sql, ...failure } = sentence(1);
    assert.ok(sql);
    const shown = failureLines(
      new Failure(failure.kind, "sql-failed", "x", { sql: { ...sql, located: "statement" } }),
      { style: plain, columns: 100 },
    );
    assert.match(shown.join("\n"), /^ {4}where {3}in the statement that begins here$/m);
  });

  test("the database's message is shown once, and so is the file", () => {
    const view = (belowRow: boolean): string =>
      failureLines(sentence(1), { style: plain, columns: 200, belowRow }).join("\n");
    assert.match(view(false), /^✗ f\/up\.sql:1 failed\n {4}1 │ insert/);
    assert.match(view(true), /^ {2}f\/up\.sql:1\n {4}1 │ insert/);
    for (const text of [view(false), view(true)])
      for (const once of ["does not exist", "42703", "f/up.sql"])
        assert.equal(text.split(once).length, 2, text);
  });

  test("a long message of the database is broken at spaces, and a command to paste is not", () => {
    const versions = Array.from({ length: 5 }, (_, i) => `170000000010${i}`);
    const failure = new Failure("migration", "sql-failed", "x", {
      hints: [
        commandHint(
          ["hasura-migrate", "mark", "dev-3", ...versions, "--applied"],
          "check the database, then record that it is applied",
        ),
      ],
      sql: { file: "f/up.sql", message: "word ".repeat(40).trim(), sqlstate: "42703" },
    });
    const lines = failureLines(failure, { style: plain, columns: 60 });
    assert.deepEqual(lines.slice(-2), [
      "  → check the database, then record that it is applied:",
      `    hasura-migrate mark dev-3 ${versions.join(" ")} --applied`,
    ]);
    for (const line of lines.slice(0, -1))
      assert.ok(line.length <= 60 && !line.endsWith("wor"), line);
  });

  test("each kind of hint is one line if it fits", () => {
    const failure = new Failure("usage", "no-answer", "It failed.", {
      hints: [
        textHint("Raise the function's memory."),
        commandHint(["hasura-migrate", "status", "dev-3"]),
        commandHint(["aws", "sso", "login"], "log in again"),
      ],
    });
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      "✗ It failed.",
      "  → Raise the function's memory.",
      "  → hasura-migrate status dev-3",
      "  → log in again: aws sso login",
    ]);
  });

  test("a cause is shown unless the message or the database's own words repeat it", () => {
    const failure = new Failure("migration", "sql-failed", "f/up.sql failed: no table", {
      sql: { file: "f/up.sql", sqlstate: "42P01", message: "no table" },
      cause: new Error("f/up.sql failed: no table", {
        cause: new Error("no table", { cause: new Error("ECONNRESET") }),
      }),
    });
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      "✗ f/up.sql failed",
      "    42P01 no table",
      "  why  ECONNRESET",
    ]);
  });

  test("a program's output is shown without its final line break", () => {
    const cause = new Error("Command failed: vault read\nnot logged in\n");
    const failure = new Failure("access", "profile-broken", "It failed.", { cause });
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      "✗ It failed.",
      "  why  Command failed: vault read",
      "       not logged in",
    ]);
  });

  test("a cause that is a part of the message is not shown again", () => {
    for (const [kind, code, message] of [
      ["migration", "interrupted", "2_b was interrupted: no table (SQLSTATE 42P01)."],
      ["unreachable", "hasura-error", "Hasura responded with an error while x: no table"],
    ] as const)
      assert.deepEqual(
        failureLines(new Failure(kind, code, message, { cause: new Error("no table") }), {
          style: plain,
          columns: 80,
        }),
        [`✗ ${message}`],
      );
  });

  test("if Hasura hides the database's error, Hasura's own message is shown once, without a caret", () => {
    const failure = new Failure(
      "migration",
      "sql-failed",
      'f/up.sql failed: Hasura reports "database query error" at $.args.',
      { sql: { file: "f/up.sql", message: "database query error" } },
    );
    assert.deepEqual(failureLines(failure, { style: plain, columns: 80 }), [
      '✗ f/up.sql failed: Hasura reports "database query error" at $.args.',
      "    no SQLSTATE: this Hasura server hides the details of database errors",
    ]);
  });

  test("a detached run and an unknown outcome are not marked as failures", () => {
    const sign = (kind: "interrupted" | "unreachable", code: "detached" | "outcome-unknown") =>
      failureLines(new Failure(kind, code, "x"), { style: plain, columns: 80 })[0];
    assert.equal(sign("interrupted", "detached"), "· x");
    assert.equal(sign("unreachable", "outcome-unknown"), "! x");
  });
});

describe("the position of a failure that has been shown without it", () => {
  const failure = new Failure("migration", "sql-failed", "f/up.sql failed: division by zero", {
    sql: {
      file: "f/up.sql",
      sqlstate: "22012",
      message: "division by zero",
      place: { line: 7, column: 3, text: "  SELECT 1 / n FROM t;" },
      located: "statement",
      secondTry: true,
    },
  });

  test("contains the line and how it was found, and nothing of the failure again", () => {
    assert.deepEqual(foundPlaceLines(failure, { style: plain, columns: Infinity }), [
      "  f/up.sql:7",
      "    7 │   SELECT 1 / n FROM t;",
      "      │   ^ ",
      "    where   in the statement that begins here, found by running the file a second time; everything was rolled back",
    ]);
  });
});
