import assert from "node:assert/strict";
import pg from "pg";
import { describe, test, type TestContext } from "vitest";
import type { EngineContext } from "../../../../src/engine/execute.ts";
import { lockClass, lockId } from "../../../../src/engine/store/ledger/constants.ts";
import type { Request } from "../../../../src/protocol/request.ts";
import { query } from "../../../support/postgres.ts";
import { withLedger } from "../../support/ledger.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import type { Ran } from "../../support/run.ts";
import { gate, listening, startsWith, tiny, waitsAtGate } from "../../support/shared-requests.ts";

const files = tiny(2);
/** What is rehearsed: it waits at the gate while it holds its locks, for longer than a rehearsal waits for locks by default. */
const held = { ...tiny(1), "3_held/up": `SET lock_timeout = 0; ${waitsAtGate}` };
/** A run that was silent for a moment counts as dead, so that a rehearsal may start beside it. */
const silentCountsAsDead = withLedger({ waitMs: 0, liveMs: 0 });

interface Beside {
  readonly rehearsal: Ran;
  readonly ran: Ran;
}

async function untilHeld(url: string, lock: number): Promise<void> {
  const holding = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${String(lock)} AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  while ((await query(url, holding)).length === 0);
}

/** Runs `request`; when its second migration has been reported as started, a rehearsal takes its locks, and ends as soon as the run waits for it. */
async function runIntoRehearsal(
  it: LedgerBench,
  more: Partial<EngineContext> = silentCountsAsDead,
): Promise<Beside> {
  const release = await it.hold(gate);
  let rehearsal: Promise<Ran> | undefined;
  const ran = await it.run(files, asked("apply"), {
    ...more,
    emit: async (event) => {
      await more.emit?.(event);
      if (startsWith("2")(event)) {
        rehearsal = it.run(held, asked("rehearse"), silentCountsAsDead);
        await untilHeld(it.url, gate);
      }
      if (event.type === "waiting") await release();
    },
  });
  await release();
  assert.ok(rehearsal);
  return { rehearsal: await rehearsal, ran };
}

const waits = (ran: Ran): string[] => ran.of("waiting").map(({ message }) => message);

async function lockedBy(t: TestContext, url: string, id: number): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.onTestFinished(() => client.end());
  await client.query("SELECT pg_advisory_lock($1, $2)", [lockClass, id]);
  return client;
}

describe("a rehearsal beside a run", () => {
  test("is refused between two migrations of the run, and names it", async (t) => {
    const it = await ledgerBench(t);
    const request = asked("apply");
    let rehearsal: Ran | undefined;
    const ran = await it.run(files, request, {
      emit: async (event) => {
        if (startsWith("2")(event)) rehearsal = await it.run(held, asked("rehearse"));
      },
    });
    const failure = rehearsal?.failure;
    assert.deepEqual([failure?.kind, failure?.code], ["busy", "busy"]);
    assert.match(
      failure?.message ?? "",
      new RegExp(
        `^ada's run ${request.runId.slice(0, 13)} \\(apply from laptop\\), started \\d+ s ago, is in progress in default; nothing was rehearsed there\\.$`,
      ),
    );
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["1", "2"]]);
  });

  test("makes a run that began first wait without a limit, and report for whom", async (t) => {
    const it = await ledgerBench(t);
    const { rehearsal, ran } = await runIntoRehearsal(it);
    assert.deepEqual([rehearsal.failure, ran.failure], [undefined, undefined]);
    assert.deepEqual(
      new Set(waits(ran)),
      new Set(["2 is waiting for a rehearsal by ada (laptop)"]),
    );
    assert.deepEqual(
      [versions(ran), await it.ledger()],
      [
        ["1", "2"],
        ["1", "2"],
      ],
    );
  });

  test("does not keep a run that waits for it from being stopped, and nothing is in doubt", async (t) => {
    const it = await ledgerBench(t);
    const stop = new AbortController();
    const { ran } = await runIntoRehearsal(it, {
      ...silentCountsAsDead,
      stop: stop.signal,
      emit: (event) => {
        if (event.type === "waiting") stop.abort();
      },
    });
    const [finished] = ran.of("run.finished");
    assert.deepEqual([finished?.cancelled, finished?.applied], [true, 1]);
    assert.deepEqual([versions(ran), await it.ledger()], [["1"], ["1"]]);
  });

  test("makes a run whose time is up end as busy, not in doubt", async (t) => {
    const it = await ledgerBench(t);
    let remaining = 900_000;
    const { ran } = await runIntoRehearsal(it, {
      ...silentCountsAsDead,
      remainingMs: () => remaining,
      emit: (event) => {
        if (event.type === "waiting") remaining = 14_000;
      },
    });
    assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["busy", "busy"]);
    assert.match(ran.failure?.message ?? "", /a rehearsal by ada \(laptop\)/);
    assert.deepEqual(ran.of("migration.unknown"), []);
    assert.deepEqual(await it.ledger(), ["1"]);
  });

  test("makes a run that begins later wait, and report for whom", async (t) => {
    const it = await ledgerBench(t);
    await it.run(tiny(1));
    const release = await it.hold(gate);
    const rehearsal = it.run(held, asked("rehearse"));
    await untilHeld(it.url, gate);
    const waiting = listening((event) => event.type === "waiting");
    const ran = it.run(files, asked("apply"), { emit: waiting.emit });
    await waiting.received;
    await release();
    assert.deepEqual(waits(await ran).slice(0, 1), ["waiting for a rehearsal by ada (laptop)"]);
    assert.deepEqual([(await rehearsal).failure, versions(await ran)], [undefined, ["2"]]);
  });

  test("is refused while another rehearsal is running", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const first = it.run(held, asked("rehearse"));
    await untilHeld(it.url, gate);
    const second = await it.run(held, asked("rehearse"));
    assert.match(second.failure?.message ?? "", /^Another rehearsal is running in default/);
    await release();
    assert.equal((await first).failure, undefined);
  });

  test("is cancelled in the database by its run id, and with all others", async (t) => {
    const it = await ledgerBench(t);
    await it.run(tiny(1));
    const release = await it.hold(gate);
    for (const all of [false, true]) {
      const request = asked("rehearse");
      const rehearsal = it.run(held, request);
      await untilHeld(it.url, gate);
      const cancel = asked("cancel", all ? {} : { run: request.runId });
      const cancelled = await it.run(tiny(1), cancel);
      assert.deepEqual(cancelled.of("cancel.requested")[0]?.runs, [request.runId]);
      const ended = await rehearsal;
      assert.deepEqual([ended.failure, ended.of("run.finished")[0]?.cancelled], [undefined, true]);
    }
    await release();
  });

  test("does not hold the lock under which runs are registered", async (t) => {
    const it = await ledgerBench(t);
    await it.run(tiny(1));
    const release = await it.hold(gate);
    const rehearsal = it.run(held, asked("rehearse"));
    await untilHeld(it.url, gate);
    const locks = await query(
      it.url,
      `SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' AND classid = ${String(lockClass)}
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1`,
    );
    assert.deepEqual(
      locks.map((row) => row["objid"]),
      [lockId.migration, lockId.rehearsal],
    );
    await release();
    await rehearsal;
  });
});

test("a run that may not wait for another migration ends as busy, not in doubt", async (t) => {
  const it = await ledgerBench(t);
  const request: Request = asked("apply");
  const ran = await it.run(files, request, {
    ...withLedger({ waitMs: 0 }),
    emit: async (event) => {
      if (startsWith("2")(event)) await lockedBy(t, it.url, lockId.migration);
    },
  });
  assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["busy", "busy"]);
  assert.deepEqual(ran.of("migration.unknown"), []);
  assert.deepEqual([versions(ran), await it.ledger()], [["1"], ["1"]]);
});
