import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { describe, test } from "vitest";
import { nextBatchSize } from "../../../../src/engine/run/batch-size.ts";
import { query } from "../../../support/postgres.ts";
import { asked, ledgerBench, versions } from "../../support/ledger-bench.ts";
import { requestFor } from "../../support/run.ts";
import {
  counting,
  gate,
  listening,
  quick,
  startsWith,
  tiny,
  waitsAtGate,
} from "../../support/shared-requests.ts";

describe("run batch", () => {
  test("small quick migrations share requests, each in its own transaction and in order", async (t) => {
    const it = await ledgerBench(t);
    const { sizes, hasura } = counting(it.hasura);
    const ran = await it.run(tiny(8), asked("apply"), {
      ...quick,
      hasura,
      sleep: (ms, signal) => pause(ms, undefined, signal && { signal }),
    });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(sizes, [2, 4]);
    assert.deepEqual(versions(ran), ["1", "2", "3", "4", "5", "6", "7", "8"]);
    const [row] = await query(
      it.url,
      "SELECT count(DISTINCT txid) AS ids, count(DISTINCT xmin::text) AS rows FROM hasura_migrate.migration",
    );
    assert.deepEqual(row, { ids: "8", rows: "8" });
    assert.deepEqual(await it.catalog(), versions(ran));
    const order = ran.events
      .filter((event) => event.type.startsWith("migration."))
      .map((event) => event.type);
    assert.deepEqual(
      order,
      Array.from({ length: 8 }, () => ["migration.started", "migration.applied"]).flat(),
    );
    assert.ok(
      ran
        .of("migration.applied")
        .slice(1, 7)
        .every(({ tookMs }) => tookMs > 0),
      "the time in the database is reported",
    );
  });

  test("a migration in the middle of a shared request fails: those before it stay, it is named, none after it runs", async (t) => {
    const it = await ledgerBench(t);
    const ran = await it.run(tiny(8, { 5: "CREATE TABLE t1 (id int);" }), asked("apply"), quick);
    assert.deepEqual(versions(ran), ["1", "2", "3", "4"]);
    assert.deepEqual(
      ran.of("migration.failed").map(({ version, failure }) => [version, failure.sql?.sqlstate]),
      [["5", "42P07"]],
    );
    assert.equal(ran.of("run.failed")[0]?.notReached, 3);
    assert.deepEqual([await it.ledger(), await it.catalog()], [versions(ran), versions(ran)]);
    const [late] = await query(it.url, "SELECT to_regclass('t6') AS t6");
    assert.equal(late?.["t6"], null);
    const again = await it.run(tiny(8), asked("apply"), quick);
    assert.deepEqual(versions(again), ["5", "6", "7", "8"]);
  });

  test("the same if Hasura hides internals", async (t) => {
    const it = await ledgerBench(t, { hideInternals: true });
    const ran = await it.run(tiny(8, { 6: "CREATE TABLE t1 (id int);" }), asked("apply"), quick);
    assert.deepEqual(
      [versions(ran), ran.of("migration.failed").map(({ version }) => version)],
      [["1", "2", "3", "4", "5"], ["6"]],
    );
  });

  test("while a slow migration delays the answer, the run reports its progress", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const { emit, received } = listening(startsWith("5"));
    const running = it.run(tiny(7, { 5: waitsAtGate }), asked("apply"), { ...quick, emit });
    await received; // 4 and 5 are in one request, whose answer waits for the gate
    await release();
    const ran = await running;
    assert.deepEqual(versions(ran), ["1", "2", "3", "4", "5", "6", "7"]);
    assert.ok(
      (ran.of("migration.applied")[3]?.tookMs ?? 0) > 0,
      "the database's own time is reported, not that of the query",
    );
  });

  test("a cancelled run ends within a shared request, after the current migration", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const { emit, received } = listening(startsWith("5"));
    const request = asked("apply");
    const running = it.run(tiny(7, { 5: waitsAtGate }), request, { ...quick, emit });
    await received;
    await it.run(tiny(7), {
      ...requestFor("cancel", { run: request.runId }),
      runId: asked("cancel").runId,
    });
    await release();
    const ran = await running;
    assert.deepEqual(
      [versions(ran), await it.ledger()],
      [
        ["1", "2", "3", "4", "5"],
        ["1", "2", "3", "4", "5"],
      ],
    );
    assert.equal(ran.of("run.finished")[0]?.cancelled, true);
    assert.deepEqual(
      ran.of("migration.skipped").map(({ version, reason }) => [version, reason]),
      [["6", "cancelled before it took effect"]],
    );
  });

  test("a file that has its own COMMIT or settings, or runs outside a transaction, is sent alone", async (t) => {
    const it = await ledgerBench(t);
    const { sizes, hasura } = counting(it.hasura);
    const odd = {
      3: "CREATE TABLE t3 (id int); COMMIT; CREATE TABLE more (id int);",
      5: "-- hasura-migrate: lock_timeout=1s\nCREATE TABLE t5 (id int);",
      6: "-- hasura:no-transaction\nCREATE INDEX CONCURRENTLY i ON t1 (id);",
    };
    const ran = await it.run(tiny(9, odd), asked("apply"), { ...quick, hasura });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(sizes, [2]); // 7 and 8
    assert.match(ran.of("migration.applied")[2]?.notices?.[0] ?? "", /contains a COMMIT/);
  });

  test("a shared request holds as many as take a short time together, and at most twice as many as the last", () => {
    const sizes = [
      [1, 1],
      [2, 4],
      [4, 8],
      [8, 16],
      [16, 32],
      [20, 200],
      [5, 5000],
    ].map(([count = 0, ms = 0]) => nextBatchSize(count, ms));
    assert.deepEqual(sizes, [2, 4, 8, 16, 20, 10, 1]);
  });
});
