import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { readBlockedSessions } from "../../../src/engine/hasura/blocked-sessions.ts";
import {
  frameInTransaction,
  frameOutsideTransaction,
} from "../../../src/engine/store/ledger/frame.ts";

const downSql = `CREATE ROLE "a" PASSWORD 'Canary-77';\n`;
const step = {
  database: { name: "default", kind: "postgres" },
  version: "17",
  name: "add_role",
  direction: "up",
  sql: "ALTER ROLE a PASSWORD 'Canary-77'",
  downSql,
  checksum: "c",
  noTransaction: false,
} as const;
const frame = { run: "r", generation: 1n, ownGeneration: false, synced: 1n };

/** The session that runs this statement, of which `pg_stat_activity` keeps the first thousand characters. */
function described(query: string) {
  const session = { pid: 1, query: query.slice(0, 1000), waitsFor: null, blockedBy: [] };
  const text = JSON.stringify({ sessions: [session], notShown: 0 });
  return readBlockedSessions({ columns: [], rows: [[text]] }).sessions[0];
}

describe("the statement of a session", () => {
  test("is not shown where it is a migration or a seed in the ledger's frame, which contains down SQL", () => {
    const migration = described(frameInTransaction(step, frame, []));
    assert.deepEqual(migration, {
      ...{ pid: 1, blockedBy: [] },
      migration: { version: "17", name: "add_role" },
    });
    const seed = described(frameInTransaction({ ...step, direction: "seed" }, frame, []));
    assert.deepEqual(seed, { pid: 1, blockedBy: [], seed: "add_role" });
  });

  test("has no arguments of the ledger's functions, which are base64 outside a transaction", () => {
    const outside = described(frameOutsideTransaction({ ...step, noTransaction: true }, frame));
    assert.equal(outside?.query, "SELECT hasura_migrate.enter(…)");
  });

  test("has masked passwords, also where it was cut off inside a string", () => {
    const before = `SELECT '${"x".repeat(940)}'; DO 'BEGIN EXECUTE ''`;
    const session = described(`${before}ALTER ROLE a PASSWORD ''''Canary-77'''''''`);
    assert.ok(session?.query?.endsWith("PASSWORD ''''********''''"), session?.query);
  });
});
