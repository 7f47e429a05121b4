import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { HistoryRow } from "../../../../src/protocol/history-row.ts";
import type { Request } from "../../../../src/protocol/request.ts";
import { query } from "../../../support/postgres.ts";
import { withLedger } from "../../support/ledger.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import { gate, listening, quick, startsWith, waitsAtGate } from "../../support/shared-requests.ts";

const files = {
  "1_a/up": "CREATE TABLE a (id int)",
  "1_a/down": "DROP TABLE a",
  "2_b/up": "CREATE TABLE b (id int)",
};
const deliveredTwice = ["busy", "delivered-twice"];
const mallory = { user: "mallory", host: "elsewhere" };

async function runs(it: LedgerBench): Promise<HistoryRow[]> {
  return (await it.run(files, asked("history"))).of("history").flatMap((event) => event.runs);
}

async function rowOf(it: LedgerBench, id: string): Promise<Record<string, unknown> | undefined> {
  const sql =
    "SELECT operation, actor, request_id, request_ids, outcome, ended_at, failure FROM hasura_migrate.run WHERE id = $1";
  return (await query(it.url, sql, [id]))[0];
}

async function assertTaken(
  it: LedgerBench,
  request: Request,
  refusal = ["usage", "run-id-taken"],
): Promise<void> {
  const before = await rowOf(it, request.runId);
  const steps = await query(it.url, "SELECT * FROM hasura_migrate.step");
  const { failure, events } = await it.run(files, request, withLedger({ requestId: "request-2" }));
  assert.deepEqual([failure?.kind, failure?.code], refusal);
  assert.ok(events.every(({ type }) => !type.startsWith("migration.")));
  assert.deepEqual(await rowOf(it, request.runId), before);
  assert.deepEqual(await query(it.url, "SELECT * FROM hasura_migrate.step"), steps);
}

describe("run ids", () => {
  test("a run that has ended is never opened again, not even by its own actor", async (t) => {
    const it = await ledgerBench(t);
    const first = asked("apply", { steps: 1 });
    await it.run(files, first);
    await assertTaken(it, first, deliveredTwice);
    await assertTaken(it, { ...first, part: 2 });
    await assertTaken(it, { ...first, actor: mallory });
    await assertTaken(it, {
      ...asked("mark", { versions: ["1"], as: "pending" }),
      runId: first.runId,
    });
    await assertTaken(it, { ...asked("down", { steps: 1 }), runId: first.runId });
  });

  test("a run that failed has ended as well", async (t) => {
    const it = await ledgerBench(t);
    const failed = asked("apply");
    await it.run({ "1_a/up": "SELECT 1/0" }, failed);
    await assertTaken(it, failed, deliveredTwice);
    await assertTaken(it, { ...failed, part: 2 });
  });

  test("a request that is delivered twice is done once, also while the first one is at work, or has paused", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const slow = { ...files, "3_c/up": waitsAtGate };
    const request = asked("apply", { sliceMs: 1 });
    const third = listening(startsWith("3"));
    const working = it.run(slow, { ...request, options: {} } as Request, {
      ...quick,
      emit: third.emit,
    });
    await third.received;
    await assertTaken(it, request, deliveredTwice);
    await release();
    assert.deepEqual(versions(await working), ["1", "2", "3"]);
    assert.equal((await rowOf(it, request.runId))?.["outcome"], "finished");

    const other = asked("apply", { sliceMs: 1 });
    let now = 0;
    const more = { "4_d/up": "SELECT 4", "5_e/up": "SELECT 5" };
    const paused = await it.run({ ...slow, ...more }, other, { now: () => (now += 10) });
    assert.equal(paused.events.at(-1)?.type, "run.paused");
    await assertTaken(it, other, deliveredTwice);
  });

  test("a paused run is continued by its own actor and operation alone", async (t) => {
    const it = await ledgerBench(t);
    const request = asked("apply", { sliceMs: 1 });
    let now = 0;
    const paused = await it.run(files, request, { now: () => (now += 10) });
    assert.equal(paused.events.at(-1)?.type, "run.paused");
    await assertTaken(it, { ...request, actor: mallory });
    await assertTaken(it, { ...request, actor: { ...request.actor, host: "elsewhere" } });
    await assertTaken(it, { ...request, actor: { ...request.actor, user: "mallory" } });
    await assertTaken(it, {
      ...asked("mark", { versions: ["2"], as: "applied" }),
      runId: request.runId,
    });
    const rest = { ...request, part: 2, options: {} } as Request;
    const ran = await it.run(files, rest, withLedger({ requestId: "request-2" }));
    assert.deepEqual([ran.failure, await it.ledger()], [undefined, ["1", "2"]]);
    const row = (await runs(it)).find(({ runId }) => runId === request.runId);
    assert.deepEqual(
      [row?.outcome, row?.requestId, row?.requestIds],
      ["finished", "request-2", ["request-1", "request-2"]],
    );
  });

  test("a run in progress is not joined or ended by somebody else's request", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const slow = { ...files, "3_c/up": waitsAtGate };
    const request = asked("apply");
    const third = listening(startsWith("3"));
    const working = it.run(slow, request, { ...quick, emit: third.emit });
    await third.received;
    await assertTaken(it, { ...request, actor: mallory });
    await release();
    assert.deepEqual(versions(await working), ["1", "2", "3"]);
    assert.equal((await rowOf(it, request.runId))?.["outcome"], "finished");
  });
});
