import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { HasuraCallError, type RunSql } from "../../src/engine/hasura/client.ts";
import { databaseError, ErrorBody, runSql, SqlAnswer } from "./support/request.ts";
import { client, needsInternals, ownSchema, requests, server } from "./support/server.ts";

const bulk = (...texts: string[]) =>
  requests.post("/v2/query", {
    type: "bulk",
    args: texts.map((text) => runSql(text, { source: server.source })),
  });

const request = (sql: string): RunSql => ({
  kind: "postgres",
  sql,
  source: server.source,
  checkMetadataConsistency: false,
});

/** As the ledger frames a migration. */
const framed = (text: string): string => `SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = '5s';
${text}
;
RESET SESSION AUTHORIZATION; RESET ROLE; SELECT txid_current()`;

describe("a bulk of run_sql on /v2/query", () => {
  test("answers one result for each, in order", async () => {
    const { status, body } = await bulk(
      "SELECT 1 AS a",
      "SET LOCAL lock_timeout = 0",
      "SELECT 2 AS b",
    );
    assert.equal(status, 200);
    assert.deepEqual(z.array(SqlAnswer).parse(body), [
      { result_type: "TuplesOk", result: [["a"], ["1"]] },
      { result_type: "CommandOk", result: null },
      { result_type: "TuplesOk", result: [["b"], ["2"]] },
    ]);
  });

  test("runs each text in its own transaction, which may set its isolation level", async (t) => {
    const table = `${await ownSchema(t)}.t`;
    await requests.rows(`CREATE TABLE ${table} (place serial, n int, txid bigint)`);
    const texts = [1, 2, 3].map((n) =>
      framed(`INSERT INTO ${table} (n, txid) VALUES (${String(n)}, txid_current())`),
    );
    const results = (await client(t).runSqls?.(texts.map(request))) ?? [];
    const transactions = results.map(({ rows }) => rows[0]?.[0]);
    assert.equal(new Set(transactions).size, 3);
    assert.deepEqual(
      await requests.rows(`SELECT n, txid FROM ${table} ORDER BY place`),
      transactions.map((txid, i) => [String(i + 1), txid]),
    );
  });

  test("ends at the first failure: earlier ones remain, later ones do not run", async (t) => {
    const schema = await ownSchema(t);
    const create = (name: string): string => `CREATE TABLE ${schema}.${name} (a int)`;
    const answer = await bulk(
      framed(create("a")),
      framed(`${create("b")}; SELECT 1/0`),
      framed(create("c")),
    );
    assert.equal(answer.status, 400);
    const { code, path } = ErrorBody.parse(answer.body);
    assert.equal(code, "postgres-error");
    assert.match(path, /\[1\]/);
    assert.deepEqual(
      await requests.rows(`SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`),
      [["a"]],
    );
    if (!server.hidesInternals) assert.equal(databaseError(answer).status_code, "22012");
  });

  test("a text with its own COMMIT does not affect the next one", async (t) => {
    const schema = await ownSchema(t);
    const answer = await bulk(
      `CREATE TABLE ${schema}.a (a int); COMMIT; BEGIN`,
      `CREATE TABLE ${schema}.b (a int); SELECT 1/0`,
    );
    assert.equal(answer.status, 400);
    assert.deepEqual(
      await requests.rows(`SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`),
      [["a"]],
    );
  });

  test("reaches the engine as one rejection that names the failure", async (t) => {
    needsInternals(t);
    await assert.rejects(
      async () => client(t).runSqls?.([request("SELECT 1"), request("SELECT 1/0")]),
      (error) => {
        assert.ok(error instanceof HasuraCallError);
        assert.deepEqual([error.outcome, error.database?.sqlstate], ["rejected", "22012"]);
        return true;
      },
    );
  });
});
