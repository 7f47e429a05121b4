import assert from "node:assert/strict";
import pg from "pg";
import { describe, test, type TestContext } from "vitest";
import { definitionsSql } from "../../../../src/engine/plan/definitions.ts";
import { existingObjectsSql } from "../../../../src/engine/plan/object-facts.ts";
import { tableFactsSql } from "../../../../src/engine/plan/table-facts.ts";
import { lockClass, lockId } from "../../../../src/engine/store/ledger/constants.ts";
import { installationSql } from "../../../../src/engine/store/ledger/sql/installation.ts";
import {
  beginRunSql,
  cancelRunsSql,
  cancelStatementSql,
  endRunSql,
  keepAliveSql,
  keepPlanSql,
  lockHoldersSql,
  recordSql,
  seedsSql,
  snapshotSql,
} from "../../../../src/engine/store/ledger/statements.ts";
import {
  beginMetadataSql,
  endMetadataSql,
  forgetMetadataSql,
  keptMetadataSql,
  metadataChangesSql,
  openReplacementsSql,
} from "../../../../src/engine/store/ledger/metadata-sql.ts";
import {
  countingHistorySql,
  historySql,
  openRunsSql,
} from "../../../../src/engine/store/ledger/history-sql.ts";
import {
  frameInTransaction,
  frameOutsideTransaction,
} from "../../../../src/engine/store/ledger/frame.ts";
import type { SeedStep, Step } from "../../../../src/engine/store/store.ts";
import { freshDatabase, query } from "../../../support/postgres.ts";
import { asked, ledgerBench } from "../../support/ledger-bench.ts";
import { gate, listening, quick, startsWith, waitsAtGate } from "../../support/shared-requests.ts";
import { firedTraps, layTraps } from "../../support/traps.ts";

function stepOf(version: string, direction: "up" | "down", more: Partial<Step> = {}): Step {
  const database = { name: "default", kind: "postgres" };
  const sql = "SET app.tenant = 'x'; SET work_mem = '8MB'; SET lock_timeout = 7";
  const step = {
    database,
    version,
    name: "n",
    direction,
    sql,
    checksum: "c",
    noTransaction: false,
  };
  return { ...step, downSql: "SELECT 1", ...more } as Step;
}

const seed: SeedStep = {
  database: { name: "default", kind: "postgres" },
  direction: "seed",
  name: "01_a.sql",
  sql: "SET app.tenant = 'y'; SELECT 1",
  checksum: "c",
  noTransaction: false,
};

function descriptionOf(run: string, operation = "apply") {
  const actor = { user: "ada", host: "laptop" };
  return { run, part: 1, operation, actor, requestId: "request-1", options: {} };
}

/** Every request that the ledger store can send, in an order that a database accepts. */
function everyStatement(run: string): string[] {
  const frame = { run, ownGeneration: false, synced: 0n };
  return [
    installationSql,
    snapshotSql(run, 1000),
    beginRunSql(descriptionOf(run), 1000),
    beginRunSql(descriptionOf(run), 1000),
    beginRunSql(descriptionOf(run, "down"), 1000),
    beginRunSql({ ...descriptionOf(run), requestId: "request-2" }, 1000),
    keepPlanSql(descriptionOf(run), ["f00d"]),
    keepAliveSql(descriptionOf(run)),
    frameInTransaction(stepOf("1", "up"), { ...frame, generation: 0n }, []),
    frameInTransaction(stepOf("1", "down"), { ...frame, generation: 1n, ownGeneration: true }, []),
    frameInTransaction(stepOf("2", "up", { sql: "SELECT 1" }), { ...frame, generation: 2n }, []),
    recordSql(
      [
        { what: "marked applied", version: "3", name: "", checksum: "c" },
        { what: "marked pending", version: "3", name: "" },
        { what: "adopted", version: "4", name: "" },
        { what: "forgotten", version: "4", name: "" },
      ],
      { run, generation: 3n, synced: 0n },
    ),
    frameInTransaction(seed, { ...frame, generation: 7n, ownGeneration: true }, []),
    frameInTransaction(seed, { ...frame, generation: 8n, ownGeneration: true }, []),
    seedsSql,
    beginMetadataSql(run, { number: 2, version: 1, checksum: "c1" }, Buffer.from("d")),
    openReplacementsSql,
    keptMetadataSql("c1"),
    endMetadataSql(run, 2, {
      ...{ version: 2, checksum: "c2" },
      inconsistent: [{ type: "table", name: "table a" }],
    }),
    metadataChangesSql,
    openReplacementsSql,
    forgetMetadataSql(run, 2),
    lockHoldersSql,
    historySql({}, 1000),
    historySql({ run: run.slice(0, 4), limit: 3 }, 1000),
    countingHistorySql({}, 1000),
    cancelStatementSql(run),
    tableFactsSql(["users", "shop.users"], new Set(["users"])),
    existingObjectsSql(
      (["schema", "type", "extension", "collation"] as const).map((kind) => ({
        kind,
        name: "x.y",
      })),
    ),
    definitionsSql(
      (["domain", "function"] as const).map((kind) => ({ kind, name: "x", places: ["x", "x.y"] })),
    ),
    snapshotSql(run, 1000),
    openRunsSql(run),
    cancelRunsSql(undefined, 1000),
    cancelRunsSql(run, 1000),
    endRunSql(descriptionOf(run), { outcome: "finished" }, { synced: 3n, serverId: "server" }),
    installationSql,
  ];
}

/** What the statements about tables, types and functions find, so that all of their parts are run. */
const examined = `
  CREATE TABLE users (id int PRIMARY KEY, CHECK (id > 0)) PARTITION BY LIST (id);
  CREATE TABLE other_users PARTITION OF users DEFAULT;
  INSERT INTO users VALUES (1);
  CREATE TABLE orders (user_id int REFERENCES users);
  CREATE DOMAIN short AS text CHECK (length(VALUE) < 10);
  CREATE DOMAIN x AS short NOT NULL;
  CREATE FUNCTION x() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
`;

/** A session in the middle of a migration, and its open run. */
async function holdMigrationLock(t: TestContext, url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  t.onTestFinished(() => client.end());
  await client.query(
    `SELECT pg_advisory_lock_shared(${String(lockClass)}, ${String(lockId.migration)})`,
  );
}

describe("hostile schema", () => {
  for (const [path, everything] of [
    ['"$user", public', false],
    ["public, pg_catalog", true],
  ] as const) {
    test(`nothing that another role defines in public is called with the search_path ${path}`, async (t) => {
      const url = await freshDatabase(t);
      await query(url, installationSql);
      await query(
        url,
        `INSERT INTO hasura_migrate.run (id, operation, actor, request_id, options, waiting)
        VALUES ('other', 'apply', '{"user":"a","host":"b"}', 'r', '{}', true)`,
      );
      await query(url, examined);
      await layTraps(url, { everything });
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      t.onTestFinished(() => client.end());
      await client.query(`SET search_path = ${path}`);
      for (const sql of everyStatement("run-1")) await client.query(sql);
      const outside = stepOf("9", "up", { noTransaction: true, sql: "SELECT 1" });
      const frame = { run: "run-2", generation: 9n, ownGeneration: false, synced: 0n };
      for (const part of frameOutsideTransaction(outside, frame)
        .split("\n;\n")
        .flatMap((text) => text.split(";\n")))
        await client.query(part);
      // With a session that holds the lock of a migration.
      await holdMigrationLock(t, url);
      for (const sql of [
        snapshotSql("run-1", 1000),
        beginRunSql(descriptionOf("run-3"), 1000),
        historySql({}, 1000),
        lockHoldersSql,
        cancelRunsSql(undefined, 1000),
        cancelStatementSql("run-3"),
      ])
        await client.query(sql);
      assert.equal(await firedTraps(url), 0);
    });
  }

  test("the traps work: an operator that is not qualified calls one", async (t) => {
    const url = await freshDatabase(t);
    await layTraps(url, { everything: false });
    await assert.rejects(query(url, "SELECT 1::double precision * 2"), /TRAP/);
    assert.equal(await firedTraps(url), 1);
  });

  test("whole runs call none of it either, even while another run is working", async (t) => {
    const it = await ledgerBench(t);
    const files = {
      "1_a/up": "CREATE TABLE a (id int)",
      "1_a/down": "DROP TABLE a",
      "2_b/up": "SELECT 1",
      "2_b/down": "SELECT 1",
    };
    await it.run(files);
    await layTraps(it.url, { everything: false });
    for (const [operation, options] of [
      ["status", {}],
      ["plan", {}],
      ["redo", {}],
      ["down", { steps: 1 }],
      ["apply", {}],
      ["mark", { versions: ["2"], as: "pending" }],
      ["mark", { versions: ["2"], as: "applied" }],
      ["history", {}],
      ["cancel", {}],
    ] as const) {
      const ran = await it.run(files, asked(operation, options));
      assert.equal(ran.failure, undefined, `${operation}: ${ran.failure?.message ?? ""}`);
    }
    const release = await it.hold(gate);
    const more = { ...files, "3_c/up": waitsAtGate };
    const first = listening(startsWith("3"));
    const working = it.run(more, asked("apply"), { ...quick, emit: first.emit });
    await first.received;
    const waits = listening((event) => event.type === "waiting");
    const waiting = it.run(more, asked("apply"), { ...quick, emit: waits.emit });
    await waits.received;
    for (const operation of ["status", "plan", "history", "cancel"])
      assert.equal((await it.run(more, asked(operation))).failure, undefined);
    await release();
    await Promise.all([working, waiting]);
    assert.equal(await firedTraps(it.url), 0);
  });
});
