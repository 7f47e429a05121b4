import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { isOutcomeUnknown, stepFailure } from "../../../src/engine/hasura/sql-errors.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { notSent, rejected, unknown } from "../support/call-errors.ts";

const failed = { file: "1/up.sql", sql: "SELECT 1;\nSELEC 2;\n" };

async function failureOf(error: unknown, more: object = {}): Promise<Failure> {
  const failure = await stepFailure(error, { ...failed, ...more });
  assert(failure instanceof Failure, String(failure));
  return failure;
}

describe("the failure of a migration's SQL", () => {
  test("has exactly what the database reported", async () => {
    const database = { message: "boom", sqlstate: "42601", detail: "d", hint: "h" };
    const failure = await failureOf(
      rejected({ database: { ...database, execStatus: "FatalError" } }),
    );
    assert.deepEqual([failure.kind, failure.code], ["migration", "sql-failed"]);
    assert.deepEqual(failure.sql, { file: "1/up.sql", ...database });
    assert.equal(failure.message, "1/up.sql failed: boom (SQLSTATE 42601)");
    const short = await failureOf(rejected({ database: { message: "boom" } }));
    assert.deepEqual(short.sql, { file: "1/up.sql", message: "boom" });
    assert.equal(short.message, "1/up.sql failed: boom");
  });

  test("has the place in the file, if the message names it", async () => {
    const message = 'syntax error at or near "SELEC"';
    assert.equal((await failureOf(rejected({ database: { message } }))).sql?.place?.line, 2);
  });

  test("states that the file was rolled back, if it was, and how to continue", async () => {
    const reasonOf = async (sqlstate: string, more: object): Promise<string | undefined> => {
      const { hints } = await failureOf(
        rejected({ database: { message: "boom", sqlstate } }),
        more,
      );
      assert.deepEqual(
        hints.map(({ kind }) => kind),
        ["retry"],
      );
      return hints[0]?.kind === "retry" ? hints[0].reason : undefined;
    };
    assert.equal(await reasonOf("42601", {}), "fix the file, then run it again");
    assert.equal(
      await reasonOf("42601", { nothingKept: false }),
      "fix the file, then run it again",
    );
    assert.match(
      (await reasonOf("42601", { nothingKept: true })) ?? "",
      /^the file was rolled back.*fix/,
    );
    assert.match((await reasonOf("25001", {})) ?? "", /^if its statements.*hasura:no-transaction/);
  });

  test("keeps at most 8000 characters of each text", async () => {
    const [fits, long, kept] = ["x".repeat(8000), "x".repeat(8001), `${"x".repeat(8000)} …`];
    const sqlOf = async (text: string) =>
      (await failureOf(rejected({ database: { message: text, detail: text, hint: text } }))).sql;
    assert.deepEqual(await sqlOf(fits), {
      file: "1/up.sql",
      message: fits,
      detail: fits,
      hint: fits,
    });
    assert.deepEqual(await sqlOf(long), {
      file: "1/up.sql",
      message: kept,
      detail: kept,
      hint: kept,
    });
  });

  test("reports a file without a statement as such", async () => {
    const empty = await failureOf(rejected({ database: { execStatus: "EmptyQuery" } }));
    assert.equal(empty.sql?.message, "the file has no statement");
    const other = await failureOf(rejected({ database: { execStatus: "FatalError" } }));
    assert.equal(other.sql?.message, "query execution failed");
  });

  for (const [code, expected] of [
    ["postgres-error", "sql-failed"],
    [undefined, "sql-failed"],
    ["constraint-violation", "hasura-refused"],
  ] as const)
    test(`without the database's error and with the code ${code ?? "(none)"} is ${expected}`, async () => {
      const error = rejected({ path: "$.args", ...(code !== undefined && { code }) });
      const failure = await failureOf(error);
      assert.deepEqual([failure.kind, failure.code], ["migration", expected]);
      assert.match(
        failure.message,
        /^1\/up\.sql failed: .*"query execution failed" at \$\.args\.$/,
      );
      assert.deepEqual(failure.sql, { file: "1/up.sql", message: "query execution failed" });
      assert.equal(failure.hints.length, expected === "sql-failed" ? 1 : 0);
      assert.equal(failure.cause, error);
      assert.equal(
        (await failureOf(rejected({}))).message,
        '1/up.sql failed: Hasura reports "query execution failed".',
      );
    });

  test("is a problem with Hasura or the network, where the database did not refuse the SQL", async () => {
    const database = { message: "boom" };
    for (const [error, code] of [
      [notSent({ database }), "hasura-unreachable"],
      [unknown({ database }), "answer-lost"],
      [rejected({ status: 401, database }), "wrong-secret"],
      [rejected({ status: 404, database }), "not-hasura"],
    ] as const)
      assert.equal((await failureOf(error)).code, code);
    assert.match((await failureOf(notSent())).message, /running 1\/up\.sql/);
  });

  test("is the error itself, if it does not come from a call", async () => {
    const bug = new TypeError("x is not a function");
    assert.equal(await stepFailure(bug, failed), bug);
  });
});

describe("whether a statement took effect", () => {
  test("is not known without a response, or after an error that is not the database's", () => {
    for (const error of [
      unknown(),
      unknown({ status: 400, database: { sqlstate: "42601" } }),
      rejected({ status: 500 }),
      rejected({ status: 500, database: { message: "the server closed the connection" } }),
      rejected({ status: 503, code: "unexpected" }),
    ])
      assert.equal(isOutcomeUnknown(error), true, JSON.stringify(error));
  });

  test("is known where it was not sent, or refused", () => {
    for (const error of [
      notSent(),
      notSent({ status: 500 }),
      rejected(),
      rejected({ status: 499 }),
      rejected({ status: 500, database: { sqlstate: "40001" } }),
      rejected({ status: 500, code: "postgres-max-connections-error" }),
    ])
      assert.equal(isOutcomeUnknown(error), false, JSON.stringify(error));
  });
});
