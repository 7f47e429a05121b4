import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { HistoryRow } from "../../../../src/protocol/events.ts";
import type { Request } from "../../../../src/protocol/request.ts";
import { query } from "../../../support/postgres.ts";
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
  const inHand = listening(startsWith("2"));
  const first = asked("apply");
  const second = asked("apply");
  const one = it.run(files, first, { ...quick, emit: inHand.emit });
  await inHand.heard;
  const waits = listening((event) => event.type === "waiting");
  const two = it.run(files, second, { ...quick, emit: waits.emit });
  await waits.heard;
  return { first: { request: first, ran: one }, second: { request: second, ran: two } };
}

describe("runs", () => {
  test("a waiting run can be cancelled, and then nothing of it runs", async (t) => {
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

  test("a waiting run that is cancelled when its turn comes runs nothing either", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const first = listening(startsWith("2"));
    const one = it.run(files, asked("apply"), { ...quick, emit: first.emit });
    await first.heard;
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

  test("cancel names the runs that are active, and not those that have died", async (t) => {
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
});
