import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { isEmptySql } from "../../../src/engine/sql/is-empty.ts";
import { hasNoTransactionMarker, readDirectives } from "../../../src/engine/project/directives.ts";
import { checksumOf, parseBody } from "../../../src/engine/project/migration-file.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const marker = "-- hasura:no-transaction";
const markers: [string, string, boolean][] = [
  ["alone", marker, true],
  ["with blanks around", `  ${marker}\t\nSELECT 1`, true],
  ["with CRLF", `${marker}\r\nSELECT 1`, true],
  ["after a comment", `-- x\n${marker}`, false],
  ["after a blank line", `\n${marker}`, false],
  ["without its space", "--hasura:no-transaction", false],
  ["with more behind it", `${marker} please`, false],
  ["in a block comment", `/* ${marker} */`, false],
  ["ended by a lone CR", `${marker}\rSELECT 1`, false],
  ["beyond the first 256 bytes", `${" ".repeat(250)}${marker}\n`, false],
  ["cut off at 256 bytes", `${"\u00e4".repeat(120)}${marker}`, false],
];
describe("directives", () => {
  for (const [name, text, expected] of markers)
    test(`the marker ${name}: ${expected ? "counts" : "does not count"}`, () =>
      assert.equal(hasNoTransactionMarker(text), expected));

  test("an allow directive of lint is left to lint, also an incomplete one", () => {
    for (const words of ["allow drop-data because nobody uses it", "  allow a, b", "allow"]) {
      const text = `-- hasura-migrate:${words}\n-- hasura-migrate: retry=off\nSELECT 1;`;
      assert.deepEqual(readDirectives(text, "f").settings, { retry: false });
    }
    assert.throws(() => readDirectives("-- hasura-migrate: allowed=1\n", "f"), /unknown setting/);
  });

  test("a file of a hundred thousand comments is read in a moment", () => {
    const began = performance.now();
    readDirectives("-- DELETE FROM orders;\n".repeat(100_000), "f");
    assert.ok(performance.now() - began < 5000);
  });

  test("settings are read from the comments above the first SQL", () => {
    const text = `${marker}\n\n-- what it is\n/* and\n more */\n-- hasura-migrate: lock_timeout=5s\n-- hasura-migrate: statement_timeout = 2min\r\n-- hasura-migrate: retry=off\nSELECT 1;\n-- hasura-migrate: nonsense=1`;
    assert.deepEqual(readDirectives(text, "f"), {
      noTransaction: true,
      settings: { lockTimeout: "5000ms", statementTimeout: "120000ms", retry: false },
    });
  });
  for (const [what, text] of [
    ["after SQL that follows a block comment on its line", "/* x */ SELECT 1;"],
    ["after SQL that follows the end of a longer block comment", "/* x\n y */ SELECT 1;"],
    ["inside a block comment", "/*"],
    ["inside a nested block comment", "/* /* x */"],
    ["inside a string", "'"],
  ] as const) {
    test(`a setting ${what} is not read`, () =>
      assert.deepEqual(
        readDirectives(`${text}\n-- hasura-migrate: retry=off\n`, "f").settings,
        {},
      ));
  }
  for (const [line, problem] of [
    ["colour=red", /unknown setting "colour"/],
    ["retry=on", /retry must be "off"/],
    ["lock_timeout=soon", /not a duration/],
    ["lock_timeout", /key=value/],
    ["retry=off\n-- hasura-migrate: retry=off", /set twice/],
  ] as const) {
    test(`the setting "${line.split("\n", 1)[0] ?? ""}" is refused with its line`, () => {
      assert.throws(
        () => readDirectives(`-- x\n-- hasura-migrate: ${line}\n`, "migrations/1_a/up.sql"),
        (error) => {
          assert.ok(error instanceof Failure && error.code === "bad-directive");
          assert.match(error.message, problem);
          assert.match(error.message, /^migrations\/1_a\/up\.sql, line [23]:/);
          return true;
        },
      );
    });
  }

  for (const [text, blank] of [
    ["", true],
    [" \t\r\n", true],
    ["-- only a comment", true],
    ["/* a /* nested */ one */ -- x\r;;", true],
    ["/* open", false],
    ["/* a /* b */", false],
    ["-- x\nSELECT 1", false],
    ["-- x\rSELECT 1", false],
    ["/**/x", false],
    ["'-- no comment'", false],
  ] as const) {
    test(`${JSON.stringify(text)} is ${blank ? "blank" : "SQL"}`, () =>
      assert.equal(isEmptySql(text), blank));
  }

  test("a byte order mark is not sent, and neither it nor the line endings change the checksum", () => {
    const body = parseBody(Buffer.from("\uFEFFSELECT 1;\r\nSELECT 2;\r"), "f");
    assert.equal(body.sql, "SELECT 1;\r\nSELECT 2;\r");
    assert.equal(body.checksum, checksumOf("SELECT 1;\nSELECT 2;\n"));
    assert.notEqual(body.checksum, checksumOf("SELECT 1; SELECT 2;\n"));
  });
  test("lines are counted with and without a last line feed", () => {
    assert.deepEqual(
      ["a", "a\n", "a\nb", "a\n\n"].map((text) => parseBody(Buffer.from(text), "f").lines),
      [1, 1, 2, 2],
    );
  });
  test("text that is not UTF-8 is refused by name", () => {
    assert.throws(
      () => parseBody(Buffer.from([0x53, 0xe4, 0x20]), "migrations/1_a/up.sql"),
      /migrations\/1_a\/up\.sql is not valid UTF-8/,
    );
  });
});
