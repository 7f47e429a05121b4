import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError, type Hasura, type RunSql } from "../../../../src/engine/hasura/client.ts";
import { sqlstate } from "../../../../src/engine/store/ledger/constants.ts";
import { asked, ledgerBench, versions } from "../../support/ledger-bench.ts";
import { withLedger } from "../../support/ledger.ts";
import {
  gate,
  listening,
  quick,
  sharing,
  startsWith,
  tiny,
  waitsAtGate,
} from "../../support/shared-requests.ts";

describe("batch lost", () => {
  test("a shared request whose answer is lost continues in Hasura: the run follows it to its end, however long that takes", async (t) => {
    const it = await ledgerBench(t);
    const gates = [gate, gate + 1];
    const release = await Promise.all(gates.map((key) => it.hold(key)));
    const waits = gates.map((key) => `SELECT pg_advisory_xact_lock(${String(key)});`);
    const files = tiny(7, { 5: waits[0] ?? "", 6: waits[1] ?? "" });
    const lost = listening(startsWith("5"));
    let started = "";
    const ran = await it.run(files, asked("apply"), {
      ...quick,
      ...withLedger({ waitMs: 0 }), // nobody else is waited for
      hasura: sharing(it.hasura, async (requests, real) => {
        if (requests.length < 4) return real(requests);
        void real(requests).catch(() => undefined);
        await lost.received;
        throw new HasuraCallError("unknown", "the connection broke");
      }),
      emit: async (event) => {
        lost.emit(event);
        if (event.type === "migration.started") started = event.version;
        // Only now may the one in hand go on: the run has lost its answer, and found it at work.
        if (event.type === "waiting") await release[Number(started) - 5]?.();
      },
    });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(
      [versions(ran), await it.ledger()],
      [["1", "2", "3", "4", "5", "6", "7"], versions(ran)],
    );
    assert.deepEqual(
      ran.of("waiting").filter(({ message }) => message.includes("another run")),
      [],
    );
  });

  test("the error of a finished migration is not attributed to the next one", async (t) => {
    const it = await ledgerBench(t);
    let shared = 0;
    const hasura = sharing(it.hasura, async (requests, real) => {
      shared += 1;
      const [first] = requests;
      if (shared === 2 && first) await it.hasura.runSql(first);
      return real(requests);
    });
    const ran = await it.run(tiny(9), asked("apply"), { ...quick, hasura });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(
      [versions(ran), await it.ledger()],
      [["1", "2", "3", "4", "5", "6", "7", "8", "9"], versions(ran)],
    );
  });

  test("a migration that arrives after the run's end is refused", async (t) => {
    const it = await ledgerBench(t);
    const late: RunSql[] = [];
    const hasura = sharing(it.hasura, (requests) => {
      late.push(...requests);
      return Promise.reject(
        new HasuraCallError("rejected", "no", {
          status: 400,
          code: "postgres-error",
          database: { sqlstate: "42601" },
        }),
      );
    });
    const ran = await it.run(tiny(3), asked("apply"), { ...quick, hasura });
    assert.deepEqual([ran.of("run.failed").length, late.length], [1, 2]);
    const [first] = late;
    assert.ok(first);
    await assert.rejects(
      it.hasura.runSql(first),
      (error: HasuraCallError) => error.database?.sqlstate === sqlstate.cancelled,
    );
    assert.deepEqual(await it.ledger(), ["1"]);
  });

  test("the function's time runs out within a shared request: the current migration is rolled back, and the run pauses", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    const { emit, received } = listening(startsWith("5"));
    let remainingMs = 900_000;
    const ran = await it.run(tiny(7, { 5: waitsAtGate }), asked("apply"), {
      ...quick,
      emit,
      remainingMs: () => remainingMs,
      // The one long sleep is the deadline's.
      sleep: async (ms) => {
        if (ms < 600_000) return;
        await received;
        remainingMs = 20_000;
      },
    });
    await release();
    assert.deepEqual(
      [ran.failure?.message, ran.of("run.paused").length, await it.ledger()],
      [undefined, 1, ["1", "2", "3", "4"]],
    );
  });

  test("an unreadable snapshot while a shared request is running changes nothing", async (t) => {
    const it = await ledgerBench(t);
    const release = await it.hold(gate);
    let [atWork, looks] = [false, 0];
    const shared = sharing(it.hasura, async (requests, real) => {
      atWork = true;
      return real(requests).finally(() => (atWork = false));
    });
    const runSql: Hasura["runSql"] = async (request) => {
      const answer = await it.hasura.runSql(request);
      if (!atWork) return answer;
      looks += 1;
      if (looks === 3) await release();
      return { columns: [], rows: [] };
    };
    const hasura = new Proxy(shared, {
      get: (target, name): unknown => (name === "runSql" ? runSql : Reflect.get(target, name)),
    });
    const ran = await it.run(tiny(3, { 3: waitsAtGate }), asked("apply"), { ...quick, hasura });
    assert.deepEqual([versions(ran), looks >= 3], [["1", "2", "3"], true]);
  });
});
