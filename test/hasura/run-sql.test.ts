import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError } from "../../src/engine/hasura/client.ts";
import { isOutcomeUnknown } from "../../src/engine/hasura/sql-errors.ts";
import { databaseError, ErrorBody, SqlAnswer } from "./support/request.ts";
import {
  client,
  needsInternals,
  ownSchema,
  requests,
  server,
  uniqueName,
} from "./support/server.ts";

const body = async (text: string) => {
  const answer = await requests.sql(text);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return SqlAnswer.parse(answer.body);
};

describe("the answer to run_sql", () => {
  test("rows are text under a row of column names", async () => {
    assert.deepEqual(
      await body(
        `SELECT 9007199254740993 AS big, true AS yes, NULL AS nothing, '{"a": 1}'::json AS document`,
      ),
      {
        result_type: "TuplesOk",
        result: [
          ["big", "yes", "nothing", "document"],
          ["9007199254740993", "t", null, '{"a": 1}'],
        ],
      },
    );
  });

  test("a query without rows answers its column names", async () => {
    assert.deepEqual(await body("SELECT 1 AS a WHERE false"), {
      result_type: "TuplesOk",
      result: [["a"]],
    });
  });

  test("several statements return the result of the last one", async () => {
    assert.deepEqual(await body("SELECT 1 AS a; SELECT 2 AS b; SELECT 3 AS c, 4 AS d"), {
      result_type: "TuplesOk",
      result: [
        ["c", "d"],
        ["3", "4"],
      ],
    });
    assert.deepEqual(await body("SELECT 1 AS a; SET LOCAL lock_timeout = '1s'"), {
      result_type: "CommandOk",
      result: null,
    });
  });

  test("a comment after the last statement changes nothing", async () => {
    assert.equal(await requests.value("SELECT 1;\n-- the end"), "1");
  });
});

describe("an error of run_sql", () => {
  const raise =
    "DO $$ BEGIN RAISE EXCEPTION 'it is over' USING ERRCODE = 'HM999', DETAIL = 'more', HINT = 'try'; END $$";

  test("is a 400 with the code postgres-error", async () => {
    const answer = await requests.sql("SELECT 1/0");
    assert.equal(answer.status, 400);
    const { code, error, path } = ErrorBody.parse(answer.body);
    assert.deepEqual([code, error], ["postgres-error", "query execution failed"]);
    assert.match(path, /^\$/);
  });

  test("carries PostgreSQL's message, even with a custom SQLSTATE", async (t) => {
    needsInternals(t);
    assert.deepEqual(databaseError(await requests.sql(raise)), {
      exec_status: "FatalError",
      status_code: "HM999",
      message: "it is over",
      description: "more",
      hint: "try",
    });
    assert.deepEqual(databaseError(await requests.sql("SELECT 1; SELECT nothing FROM nowhere")), {
      exec_status: "FatalError",
      status_code: "42P01",
      message: 'relation "nowhere" does not exist',
      description: null,
      hint: null,
    });
  });

  test("reaches the engine as rejected, with the database's message", async (t) => {
    needsInternals(t);
    const call = client(t).runSql({ kind: "postgres", sql: raise, source: server.source });
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof HasuraCallError);
      assert.deepEqual(
        [error.outcome, error.status, error.code],
        ["rejected", 400, "postgres-error"],
      );
      assert.equal(isOutcomeUnknown(error), false);
      assert.deepEqual(error.database, {
        sqlstate: "HM999",
        message: "it is over",
        detail: "more",
        hint: "try",
        execStatus: "FatalError",
        statement: raise,
      });
      return true;
    });
  });

  for (const [what, text] of [
    ["only blanks", "  \n "],
    ["only a comment", "-- nothing here"],
    ["only semicolons", ";;"],
  ] as const) {
    test(`is the answer to a text of ${what}`, async (t) => {
      const answer = await requests.sql(text);
      assert.equal(answer.status, 400);
      assert.equal(ErrorBody.parse(answer.body).code, "postgres-error");
      needsInternals(t);
      const { exec_status, status_code, message } = databaseError(answer);
      assert.deepEqual([exec_status, status_code, message], ["EmptyQuery", null, null]);
    });
  }

  test("is the answer to COPY, and the next request is served", async (t) => {
    const schema = await ownSchema(t);
    await requests.rows(`CREATE TABLE ${schema}.t (a int)`);
    for (const text of [`COPY ${schema}.t FROM STDIN`, `COPY (SELECT 1) TO STDOUT`]) {
      const answer = await requests.sql(text);
      assert.equal(answer.status, 400, text);
      assert.equal(ErrorBody.parse(answer.body).code, "postgres-error");
      assert.equal(await requests.value(`SELECT count(*) FROM ${schema}.t`), "0");
    }
  });

  test("is the answer for a source that does not exist", async () => {
    const answer = await requests.sql("SELECT 1", { source: uniqueName() });
    assert.equal(answer.status, 400);
    assert.equal(ErrorBody.parse(answer.body).code, "not-exists");
  });
});

describe("the arguments of run_sql", () => {
  test("without a source the text goes to default", async (t) => {
    t.skip(server.source !== "default", `the source under test is ${server.source}`);
    const schema = await ownSchema(t);
    const answer = await requests.post("/v2/query", {
      type: "run_sql",
      args: { sql: `SELECT to_regnamespace('${schema}') IS NOT NULL AS there` },
    });
    assert.deepEqual(answer, {
      status: 200,
      body: { result_type: "TuplesOk", result: [["there"], ["t"]] },
    });
  });

  test("with read_only a statement that writes is refused", async (t) => {
    const schema = await ownSchema(t);
    const text = `CREATE TABLE ${schema}.t (a int)`;
    const answer = await requests.sql(text, { read_only: true });
    assert.equal(answer.status, 400);
    if (!server.hidesInternals) assert.equal(databaseError(answer).status_code, "25006");
    assert.equal(await requests.value("SELECT 1", { read_only: true }), "1");
    assert.equal(await requests.value(`SELECT to_regclass('${schema}.t')`), null);
  });
});
