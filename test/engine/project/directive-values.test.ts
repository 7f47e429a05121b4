import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { hasNoTransactionMarker, readDirectives } from "../../../src/engine/project/directives.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const marker = "-- hasura:no-transaction";
const settingsOf = (text: string): object => readDirectives(text, "up.sql").settings;
const refusal = (text: string): Failure => {
  try {
    readDirectives(text, "up.sql");
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  return assert.fail("nothing was refused");
};

describe("settings in a migration file", () => {
  const durations: [value: string, milliseconds: string][] = [
    ["5", "5ms"],
    ["0", "0ms"],
    ["500ms", "500ms"],
    ["5s", "5000ms"],
    ["2min", "120000ms"],
    ["1h", "3600000ms"],
    ["5 s", "5000ms"],
    ["'5s'", "5000ms"],
    ["999999999", "999999999ms"],
  ];
  for (const [value, milliseconds] of durations) {
    test(`the duration ${value} is ${milliseconds}`, () => {
      assert.deepEqual(settingsOf(`-- hasura-migrate: lock_timeout=${value}\n`), {
        lockTimeout: milliseconds,
      });
      assert.deepEqual(settingsOf(`-- hasura-migrate: statement_timeout=${value}\n`), {
        statementTimeout: milliseconds,
      });
    });
  }
  for (const value of ["-1", "1.5s", "s", "5d", "5sec", "x5s", "1000000000", "5s; DROP TABLE a"]) {
    test(`${value} is not a duration`, () => {
      const { kind, code, message, hints } = refusal(`-- hasura-migrate: lock_timeout=${value}`);
      assert.deepEqual([kind, code, hints.length], ["usage", "bad-directive", 1]);
      assert(message.includes(`"${value}"`), message);
    });
  }

  const malformed = [
    "lock_timeout",
    "lock_timeout=",
    "=5s",
    "lock_timeout 5s",
    "Retry=off",
    "retry=false",
  ];
  for (const text of malformed) {
    test(`"${text}" is refused`, () => {
      assert.equal(refusal(`-- hasura-migrate: ${text}\n`).code, "bad-directive");
    });
  }

  test("a setting without a value is refused with the form that it has to have", () => {
    for (const text of ["lock_timeout", "lock_timeout=", "lock_timeout= "])
      assert.match(
        refusal(`-- hasura-migrate: ${text}\n`).message,
        /is not of the form "-- hasura-migrate: key=value"/,
      );
  });

  test("each directive may occur once, and they can be combined", () => {
    assert.deepEqual(
      settingsOf("-- hasura-migrate: lock_timeout=1s\n-- hasura-migrate: statement_timeout=2s\n"),
      { lockTimeout: "1000ms", statementTimeout: "2000ms" },
    );
    assert.match(
      refusal("-- hasura-migrate: lock_timeout=1s\n-- hasura-migrate: lock_timeout=1s\n").message,
      /up\.sql, line 2: lock_timeout/,
    );
  });

  const read: [what: string, text: string][] = [
    ["without blanks", "--hasura-migrate:retry=off"],
    ["with blanks around every part", "  --  hasura-migrate:  retry  =  off  "],
    ["below a block comment", "/* a comment */\n-- hasura-migrate: retry=off"],
    ["below a block comment of several lines", "/* one\n two */\n\n-- hasura-migrate: retry=off"],
    ["below other comments", "-- one\n\n--\n-- hasura-migrate: retry=off\nSELECT 1"],
    ["below CRLF", "-- one\r\n-- hasura-migrate: retry=off\r\n"],
  ];
  for (const [what, text] of read)
    test(`a setting ${what} is read`, () => assert.deepEqual(settingsOf(text), { retry: false }));

  const passedOver: [what: string, text: string][] = [
    ["below the first SQL", "SELECT 1;\n-- hasura-migrate: retry=off"],
    ["behind the first SQL", "SELECT 1; -- hasura-migrate: retry=off"],
    ["below SQL behind a block comment", "/* one */ SELECT 1;\n-- hasura-migrate: retry=off"],
    ["inside a block comment", "/*\n-- hasura-migrate: retry=off\n*/"],
    ["inside another comment", "-- as in hasura-migrate: retry=off"],
    ["quoted in another comment", "-- such as -- hasura-migrate: retry=off"],
    ["of another program", "-- hasura: retry=off"],
  ];
  for (const [what, text] of passedOver)
    test(`a setting ${what} is a comment`, () => assert.deepEqual(settingsOf(text), {}));
});

describe("the marker for files outside a transaction", () => {
  const markers: [what: string, text: string, counts: boolean][] = [
    ["at the end of the first 256 bytes", " ".repeat(232) + marker, true],
    ["one byte beyond them", " ".repeat(233) + marker, false],
    ["in 256 bytes, with blanks of three bytes", "\u3000".repeat(77) + marker, true],
    ["beyond 256 bytes, but within 256 characters", "\u3000".repeat(78) + marker, false],
    ["before several blanks", `${marker} \t \n`, true],
    ["between no-break spaces", `\u00a0${marker}\u0085`, true],
    ["behind an invisible character that is not a blank", `\u200b${marker}`, false],
    ["with a space inside it doubled", "--  hasura:no-transaction", false],
    ["of an empty file", "", false],
  ];
  for (const [what, text, counts] of markers) {
    test(`${what}: ${counts ? "counts" : "does not count"}`, () => {
      assert.equal(hasNoTransactionMarker(text), counts);
      assert.equal(readDirectives(text, "up.sql").noTransaction, counts);
    });
  }
});
