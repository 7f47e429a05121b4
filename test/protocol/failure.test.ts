import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  causesOf,
  exitCode,
  Failure,
  FailureData,
  fromFailureData,
  Place,
  toFailureData,
  type Kind,
} from "../../src/protocol/failure.ts";

const sql = {
  file: "migrations/default/1_a/up.sql",
  sqlstate: "42601",
  message: 'syntax error at or near "x"',
  detail: "a detail",
  hint: "a hint",
  place: { line: 3, column: 7, text: "select x" },
};
const failed = new Failure("migration", "sql-failed", "1 a failed.", {
  hints: [
    { kind: "text", text: "fix the file" },
    { kind: "command", argv: ["hasura-migrate", "status", "dev-1"] },
  ],
  cause: new Error("the statement failed", { cause: new Error("connection reset") }),
  sql,
});

describe("a failure", () => {
  test("crosses the wire whole: kind, code, message, hints, causes, and the database's error", () => {
    const received = fromFailureData(
      FailureData.parse(JSON.parse(JSON.stringify(toFailureData(failed)))),
    );
    assert.deepEqual(toFailureData(received), {
      kind: "migration",
      code: "sql-failed",
      message: "1 a failed.",
      hints: [
        { kind: "text", text: "fix the file" },
        { kind: "command", argv: ["hasura-migrate", "status", "dev-1"] },
      ],
      causes: ["the statement failed", "connection reset"],
      sql,
    });
    assert(received instanceof Error);
    assert.equal(received.name, "Failure");
  });

  test("with only the required fields has no hints, causes or SQL, on either side of the wire", () => {
    const bare = { kind: "busy", code: "another-run", message: "Busy." } as const;
    const data = { ...bare, hints: [], causes: [] };
    assert.deepEqual(FailureData.parse(bare), data);
    assert.deepEqual(toFailureData(fromFailureData(data)), data);
    assert(!("cause" in fromFailureData(data)));
    const made = toFailureData(new Failure("busy", "another-run", "Busy."));
    assert.deepEqual(made, data);
    assert(!("sql" in made));
  });

  test("with another message keeps the rest, its stack included", () => {
    const changed = failed.with({ message: "2 b failed." });
    assert.deepEqual(toFailureData(changed), { ...toFailureData(failed), message: "2 b failed." });
    assert.equal(changed.stack, failed.stack);
  });

  test("with other hints keeps the rest", () => {
    assert.deepEqual(toFailureData(failed.with({ hints: [] })), {
      ...toFailureData(failed),
      hints: [],
    });
    assert(!("sql" in toFailureData(new Failure("busy", "another-run", "Busy.").with({}))));
  });

  const kinds: [Kind, number][] = [
    ["migration", 1],
    ["usage", 2],
    ["access", 3],
    ["unreachable", 4],
    ["busy", 5],
    ["differs", 6],
    ["metadata", 7],
    ["bug", 70],
    ["interrupted", 130],
  ];
  for (const [kind, code] of kinds) {
    test(`of the kind ${kind} exits with ${code} and is understood on the wire`, () => {
      assert.equal(exitCode[kind], code);
      assert.equal(FailureData.parse({ kind, code: "x", message: "y" }).kind, kind);
    });
  }
  test("every kind has an exit code", () => {
    assert.deepEqual(
      Object.keys(exitCode),
      kinds.map(([kind]) => kind),
    );
  });

  const refused: [what: string, place: unknown][] = [
    ["line 0", { line: 0, column: 1, text: "" }],
    ["column 0", { line: 1, column: 0, text: "" }],
    ["half a line", { line: 1.5, column: 1, text: "" }],
    ["no text", { line: 1, column: 1 }],
  ];
  for (const [what, place] of refused)
    test(`a place with ${what} is refused`, () => assert(!Place.safeParse(place).success));
});

describe("what is thrown that is not a failure", () => {
  const thrown: [what: string, value: unknown, message: string][] = [
    ["an error", new Error("boom"), "boom"],
    ["an error without a message", new TypeError(), "TypeError"],
    ["a text", "boom", "boom"],
    ["nothing", undefined, "undefined"],
  ];
  for (const [what, value, message] of thrown) {
    test(`${what} is reported as a bug`, () => {
      assert.deepEqual(toFailureData(value), {
        kind: "bug",
        code: "unexpected",
        message,
        hints: [],
        causes: [],
      });
    });
  }

  test("its causes are reported as well", () => {
    const error = new Error("outer", { cause: new Error("inner") });
    assert.deepEqual(toFailureData(error).causes, ["inner"]);
  });
});

describe("the causes of an error", () => {
  const letters = "abcdefghijklm".split("");
  const chains: [what: string, thrown: unknown, causes: string[]][] = [
    ["of an error without a cause are none", new Error("a"), []],
    ["of what is not an error are none", { cause: new Error("a") }, []],
    ["run from the outermost in", chain("a", "b", "c"), ["b", "c"]],
    [
      "name an error without a message by its class",
      new Error("a", { cause: new RangeError() }),
      ["RangeError"],
    ],
    ["end at what is not an error", new Error("a", { cause: { toString: () => "odd" } }), ["odd"]],
    [
      "leave out a text that only repeats the one before",
      chain("a", "b", "b", "c", "b"),
      ["b", "c", "b"],
    ],
    ["are at most eight", chain(...letters), letters.slice(1, 9)],
  ];
  for (const [what, thrown, causes] of chains)
    test(what, () => assert.deepEqual(causesOf(thrown), causes));

  test("of an error that is its own cause are finite", () => {
    const error: Error & { cause?: unknown } = new Error("a");
    error.cause = error;
    assert.deepEqual(causesOf(error), ["a"]);
  });
});

/** An error with these messages, the outermost first. */
function chain(...messages: string[]): Error | undefined {
  return messages.reduceRight<Error | undefined>(
    (cause, message) => (cause ? new Error(message, { cause }) : new Error(message)),
    undefined,
  );
}
