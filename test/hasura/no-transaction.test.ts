import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import {
  firstWithNoTransaction,
  isOlder,
  parseServerVersion,
} from "../../src/engine/hasura/server-version.ts";
import { databaseError, ErrorBody } from "./support/request.ts";
import { needsInternals, ownSchema, requests, server } from "./support/server.ts";

const version = parseServerVersion(server.version);
const isBefore = version !== undefined && isOlder(version, firstWithNoTransaction);
const first = firstWithNoTransaction.join(".");

function needsNoTransaction(t: TestContext): void {
  t.skip(isBefore, `no_transaction exists since ${first}; this server is ${server.version}`);
}

const outside = (text: string) => requests.sql(text, { no_transaction: true });

async function ownTable(t: TestContext): Promise<string> {
  const table = `${await ownSchema(t)}.t`;
  await requests.rows(`CREATE TABLE ${table} (a int, b text)`);
  return table;
}

describe("statements that refuse a transaction", () => {
  test("fail with 25001 without no_transaction", async (t) => {
    needsInternals(t);
    const table = await ownTable(t);
    const answer = await requests.sql(`CREATE INDEX CONCURRENTLY ON ${table} (a)`);
    assert.equal(databaseError(answer).status_code, "25001");
  });

  test("run with no_transaction, several in one text", async (t) => {
    needsNoTransaction(t);
    const table = await ownTable(t);
    const text = `CREATE INDEX CONCURRENTLY one ON ${table} (a);\nCREATE INDEX CONCURRENTLY two ON ${table} (a);\nVACUUM ${table};`;
    const answer = await outside(text);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const indexes = `SELECT count(*) FROM pg_index WHERE indrelid = '${table}'::regclass AND indisvalid`;
    assert.equal(await requests.value(indexes), "2");
  });

  test("fail with 25001 where the server is too old and ignores the key", async (t) => {
    t.skip(!isBefore, `no_transaction is known since ${first}; this server is ${server.version}`);
    needsInternals(t);
    const table = await ownTable(t);
    const answer = await outside(`CREATE INDEX CONCURRENTLY ON ${table} (a)`);
    assert.equal(databaseError(answer).status_code, "25001");
  });
});

describe("a text outside a transaction", () => {
  test("keeps what ran before the failure, and the failure is named", async (t) => {
    needsNoTransaction(t);
    const table = await ownTable(t);
    const answer = await outside(
      `INSERT INTO ${table} VALUES (1); SELECT 1/0; INSERT INTO ${table} VALUES (2)`,
    );
    assert.equal(answer.status, 400);
    assert.deepEqual(await requests.rows(`SELECT a FROM ${table}`), [["1"]]);
    needsInternals(t);
    const internal = z
      .object({ statement: z.string() })
      .parse(ErrorBody.parse(answer.body).internal);
    assert.equal(internal.statement.trim(), "SELECT 1/0");
  });

  test("answers the result of its last statement", async (t) => {
    needsNoTransaction(t);
    assert.equal(await requests.value("SELECT 1; SELECT 2", { no_transaction: true }), "2");
  });

  test("is cut at semicolons, but not inside strings and dollar-quoted bodies", async (t) => {
    needsNoTransaction(t);
    const table = await ownTable(t);
    const text = `INSERT INTO ${table} VALUES (1, 'a; ''b; c');
      DO $body$ BEGIN INSERT INTO ${table} VALUES (2, ';'); PERFORM 1; END $body$`;
    const answer = await outside(text);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(await requests.rows(`SELECT b FROM ${table} ORDER BY a`), [
      ["a; 'b; c"],
      [";"],
    ]);
  });

  test("reads a text that is encoded as the ledger's frame encodes it", async (t) => {
    needsNoTransaction(t);
    const text = 'it\'s -- a /* name */ with $body$; and "quotes"';
    const encoded = `pg_catalog.convert_from(pg_catalog.decode('${Buffer.from(text).toString("base64")}', 'base64'), 'UTF8')`;
    const value = await requests.value(`SELECT 1;\nSELECT ${encoded}`, { no_transaction: true });
    assert.equal(value, text);
  });

  /** src/engine/sql/no-transaction-check.ts refuses such files: it can go when these texts arrive whole. */
  test("loses what follows a comment marker in a literal", async (t) => {
    needsNoTransaction(t);
    const table = await ownTable(t);
    const answer = await outside(`INSERT INTO ${table} VALUES (1, 'a -- b')`);
    assert.equal(answer.status, 400);
    assert.equal((await outside(`INSERT INTO ${table} VALUES (2, 'a /* b */ c')`)).status, 200);
    assert.deepEqual(await requests.rows(`SELECT b FROM ${table}`), [["a  c"]]);
  });
});
