import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { describe, test } from "vitest";
import { lockClass, lockId } from "../../../../src/engine/store/ledger/constants.ts";
import type { HistoryRow } from "../../../../src/protocol/history-row.ts";
import { countedQueries } from "../../../../src/protocol/operations.ts";
import type { Request } from "../../../../src/protocol/request.ts";
import { query } from "../../../support/postgres.ts";
import { withLedger } from "../../support/ledger.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import type { Ran } from "../../support/run.ts";
import {
  gate,
  listening,
  quick,
  startsWith,
  tiny,
  waitsAtGate,
} from "../../support/shared-requests.ts";

const files = tiny(2, { 2: waitsAtGate });

async function rows(it: LedgerBench, options: object = {}): Promise<HistoryRow[]> {
  return (await it.run(files, asked("history", options)))
    .of("history")
    .flatMap((event) => event.runs);
}

/** A run that stands before the gate, and another one that waits for it. */
async function twoRuns(
  it: LedgerBench,
): Promise<Record<"first" | "second", { request: Request; ran: Promise<Ran> }>> {
  const current = listening(startsWith("2"));
  const first = asked("apply");
  const second = asked("apply");
  const one = it.run(files, first, { ...quick, emit: current.emit });
  await current.received;
  const waits = listening((event) => event.type === "waiting");
  const two = it.run(files, second, { ...quick, emit: waits.emit });
  await waits.received;
  return { first: { request: first, ran: one }, second: { request: second, ran: two } };
}

/** The transaction that stands before the gate, by its session and start; waits for one. */
async function transactionAt(url: string, key: number): Promise<string> {
  const waiting = `SELECT a.pid || ' ' || a.xact_start AS transaction FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) WHERE a.datname = current_database() AND l.locktype = 'advisory' AND l.objid = ${String(key)} AND NOT l.granted`;
  for (;;) {
    const [row] = await query(url, waiting);
    if (row !== undefined) return String(row["transaction"]);
  }
}

/** Records a query as `sql` does. */
async function recordQueries(it: LedgerBench, ...ids: readonly string[]): Promise<void> {
  for (const id of ids)
    await query(
      it.url,
      `INSERT INTO hasura_migrate.run (id, operation, actor, request_id, options, ended_at, outcome)
      VALUES ('${id}', 'sql', '{"user":"ada","host":"laptop"}', 'r', '{"statement":"hash"}', now(), 'finished')`,
    );
}

describe("runs", () => {
  test("queries are counted since the oldest run of a full list, else all of them, and one is shown by its id", async (t) => {
    const it = await ledgerBench(t);
    const history = async (options: object, accept?: string[]) => {
      const [event] = (await it.run(tiny(1), { ...asked("history", options), accept })).of(
        "history",
      );
      return [event?.runs.map(({ operation }) => operation), event?.queries];
    };
    await it.run(tiny(1));
    await recordQueries(it, "q1", "q2");
    await it.run(tiny(2));
    await recordQueries(it, "q3");
    const counted = [countedQueries];
    assert.deepEqual(await history({ limit: 1 }, counted), [["apply"], 1]);
    assert.deepEqual(await history({ limit: 2 }, counted), [["apply", "apply"], 3]);
    assert.deepEqual(await history({}, counted), [["apply", "apply"], 3]);
    assert.deepEqual(await history({ run: "q1" }, counted), [["sql"], undefined]);
    assert.deepEqual(await history({ limit: 2 }), [["sql", "apply"], undefined]);
  });

  test("status lists the run in progress, not one that waits for it, and none after it has ended", async (t) => {
    const it = await ledgerBench(t);
    const inProgress = async () =>
      (await it.run(files, asked("status"))).of("status")[0]?.databases[0]?.inProgress;
    const release = await it.hold(gate);
    const { first, second } = await twoRuns(it);
    const [one, ...others] = (await inProgress()) ?? [];
    assert(one);
    const { ageMs, ...run } = one;
    const { runId, actor } = first.request;
    assert.deepEqual([run, others], [{ runId, operation: "apply", ...actor }, []]);
    assert.ok(ageMs > 0);
    await release();
    await Promise.all([first.ran, second.ran]);
    assert.equal(await inProgress(), undefined);
  });

  test("a run stays alive while it pauses between two attempts to get a lock", async (t) => {
    const it = await ledgerBench(t);
    await query(it.url, "CREATE TABLE held (id int)");
    const holder = new pg.Client({ connectionString: it.url });
    await holder.connect();
    t.onTestFinished(() => holder.end());
    await holder.query("BEGIN; LOCK TABLE held");
    const alters = { "1_a/up": "-- hasura-migrate: lock_timeout=1s\nALTER TABLE held ADD b int;" };
    let other: Ran | undefined;
    const ran = await it.run(alters, asked("apply"), {
      random: () => 0.25,
      // The attempt took longer than a silent run counts as alive.
      emit: async ({ type }) => {
        if (type === "waiting" && other === undefined)
          await query(it.url, "UPDATE hasura_migrate.run SET seen_at = now() - interval '1 hour'");
      },
      sleep: async (ms, signal) => {
        // The pause after the first attempt is spread by the random number; nothing else waits as long.
        if (ms !== 750 || other !== undefined)
          return pause(Math.min(ms, 20), undefined, signal && { signal });
        other = await it.run(alters, asked("apply"), withLedger({ waitMs: 0 }));
        await holder.query("COMMIT");
      },
    });
    assert.deepEqual([other?.failure?.code, other?.of("migration.started")], ["another-run", []]);
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["1"]]);
  });

  test("a waiting run can be cancelled, and then runs nothing", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const { first, second } = await twoRuns(it);
    assert.deepEqual(
      (await rows(it)).map(({ runId, live, activity }) => [runId, live, activity?.split(" ")[0]]),
      [
        [second.request.runId, true, "waiting"],
        [first.request.runId, true, "2"],
      ],
    );
    const cancel = await it.run(files, asked("cancel", { run: second.request.runId }));
    assert.deepEqual(cancel.of("cancel.requested")[0]?.runs, [second.request.runId]);
    const stopped = await second.ran; // while the first one still stands before the gate
    assert.deepEqual(
      [stopped.failure?.kind, stopped.failure?.code, versions(stopped)],
      ["interrupted", "stopped", []],
    );
    assert.equal((await rows(it))[0]?.outcome, "interrupted/stopped");
    await release();
    assert.deepEqual(
      [versions(await first.ran), await it.ledger()],
      [
        ["1", "2"],
        ["1", "2"],
      ],
    );
  });

  test("a run that does not wait ends, and is recorded, while the other one's migration is still running", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const current = listening(startsWith("2"));
    const one = it.run(files, asked("apply"), { ...quick, emit: current.emit });
    await current.received;
    const transaction = await transactionAt(it.url, gate);
    const second = asked("apply");
    const refused = await it.run(files, second, withLedger({ waitMs: 0 }));
    assert.deepEqual([refused.failure?.kind, refused.failure?.code], ["busy", "another-run"]);
    assert.equal((await rows(it, { run: second.runId }))[0]?.outcome, "busy/another-run");
    assert.equal(await transactionAt(it.url, gate), transaction);
    await release();
    assert.deepEqual(versions(await one), ["1", "2"]);
  });

  test("a run waits for a rehearsal before its first migration, and is refused as busy if that takes too long", async (t) => {
    const it = await ledgerBench(t);
    assert.deepEqual(versions(await it.run(tiny(1))), ["1"]);
    const rehearsal = new pg.Client({ connectionString: it.url });
    await rehearsal.connect();
    await rehearsal.query("SELECT pg_advisory_lock($1, $2)", [lockClass, lockId.migration]);
    const refused = await it.run(files, asked("apply"), withLedger({ waitMs: 0 }));
    assert.deepEqual(
      [refused.failure?.kind, refused.failure?.code, refused.of("migration.started")],
      ["busy", "another-run", []],
    );
    const waits = listening((event) => event.type === "waiting");
    const waiting = it.run(tiny(2), asked("apply"), { ...quick, emit: waits.emit });
    await waits.received;
    await rehearsal.end();
    assert.deepEqual(versions(await waiting), ["2"]);
  });

  test("a waiting run that is cancelled as its turn comes also runs nothing", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const first = listening(startsWith("2"));
    const one = it.run(files, asked("apply"), { ...quick, emit: first.emit });
    await first.received;
    const second = asked("apply");
    const two = await it.run(tiny(3), second, {
      ...quick,
      sleep: async () => {
        await it.run(files, asked("cancel", { run: second.runId }));
        await release();
        await one;
      },
    });
    assert.deepEqual([two.failure?.code, await it.ledger()], ["stopped", ["1", "2"]]);
  });

  test("cancel names the active runs, but not those that have died", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ "1_a/up": "SELECT 1;" });
    await query(
      it.url,
      `INSERT INTO hasura_migrate.run (id, operation, actor, request_id, options, started_at, seen_at)
     VALUES ('dead', 'apply', '{"user":"a","host":"b"}', 'r', '{}', now() - interval '1 day', now() - interval '1 day')`,
    );
    assert.deepEqual((await it.run(files, asked("cancel"))).of("cancel.requested")[0]?.runs, []);
  });

  test("history shows why a run failed", async (t) => {
    const it = await ledgerBench(t);
    const failed = asked("apply");
    await it.run({ "1_a/up": "SELECT 1;", "2_b/up": "SELEC 1;" }, failed);
    const [row] = await rows(it, { run: failed.runId });
    assert.equal(row?.outcome, "migration/sql-failed");
    assert.match(row.failure ?? "", /^b: syntax error .*2_b\/up\.sql/);
  });

  test("an older ledger is upgraded by operations that need the newer one", async (t) => {
    const it = await ledgerBench(t);
    const age = `ALTER TABLE hasura_migrate.run DROP COLUMN failure; UPDATE hasura_migrate.head SET schema_version = 1`;
    await it.run({ "1_a/up": "SELECT 1;" });
    await query(it.url, age);
    assert.equal((await rows(it)).length, 1);
    await query(it.url, age);
    const ran = await it.run({ "1_a/up": "SELECT 1;", "2_b/up": "SELECT 2;" });
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["2"]]);
  });

  test("versions that only another server's catalog has are in doubt until somebody resolves them", async (t) => {
    const it = await ledgerBench(t);
    const both = { "1_a/up": "SELECT 1;", "2_b/up": "CREATE TABLE b (id int);" };
    await it.run({ "1_a/up": "SELECT 1;" });
    // As after a copy of another environment's database over this one: that server wrote the ledger.
    await query(
      it.url,
      "UPDATE hasura_migrate.head SET server_id = 'another', generation = 50, synced = 50",
    );
    const { cliState } = await it.hasura.catalogState();
    await it.hasura.exchangeCatalogState({
      ...(cliState as object),
      migrations: { default: { 1: false, 2: false } },
    });
    for (const operation of ["apply", "apply"]) {
      const { failure } = await it.run(both, asked(operation));
      assert.deepEqual([failure?.kind, failure?.code], ["migration", "database-restored"]);
      assert.match(failure?.message ?? "", /In doubt: 2/);
    }
    const marked = await it.run(both, asked("mark", { versions: ["2"], as: "pending" }));
    assert.equal(marked.failure, undefined, marked.failure?.message);
    const ran = await it.run(both);
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["2"]]);
    assert.deepEqual(
      [await it.ledger(), await it.catalog()],
      [
        ["1", "2"],
        ["1", "2"],
      ],
    );
  });

  test("the ledger keeps no secret in a run's failure, and no text of down files if that is switched off", async (t) => {
    const it = await ledgerBench(t);
    const more = withLedger({
      keepsDownSql: false,
      redact: (text) => text.replaceAll("hush", "…"),
    });
    await it.run({ "1_a/up": "SELECT 1", "1_a/down": "SELECT 'hush'" }, asked("apply"), more);
    await it.run({ "1_a/up": "SELECT 1", "2_b/up": "SELECT hush" }, asked("apply"), more);
    const kept = await query(
      it.url,
      `SELECT down_sql AS text FROM hasura_migrate.migration UNION ALL
       SELECT failure FROM hasura_migrate.run WHERE failure IS NOT NULL`,
    );
    assert.equal(kept.length, 2);
    assert.doesNotMatch(JSON.stringify(kept), /hush/);
    assert.match(JSON.stringify(kept), /column .*….* does not exist/);
  });

  test("history masks a password in a run's failure", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ "1_a/up": "SELECT 1" });
    await query(
      it.url,
      `UPDATE hasura_migrate.run SET failure = $$in: ALTER ROLE a PASSWORD 'Canary'$$`,
    );
    assert.match((await rows(it))[0]?.failure ?? "", /PASSWORD '\*{8}'/);
  });

  const refused = "CREATE TABLE a (password int); UPDATE a SET password = 'Canary-77';";
  for (const [how, sql] of [
    ["in a transaction", refused],
    ["outside one", `-- hasura:no-transaction\n${refused}`],
  ] as const)
    test(`no event of a run has the password of a file that failed ${how}`, async (t) => {
      const it = await ledgerBench(t);
      const ran = await it.run({ "1_a/up": sql });
      assert.match(ran.failure?.message ?? "", /for type integer: "\*{8}" \(SQLSTATE 22P02\)/);
      assert.ok(!JSON.stringify([ran.events, await rows(it)]).includes("Canary"));
    });
});
