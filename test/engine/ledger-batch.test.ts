import assert from "node:assert/strict";
import { once, EventEmitter } from "node:events";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { HasuraCallError, type Hasura, type RunSql } from "../../src/engine/hasura.ts";
import { pace } from "../../src/engine/pace.ts";
import type { RunEvent } from "../../src/protocol/events.ts";
import { query } from "../support/postgres.ts";
import { asked, ledgerBench, versions } from "./support/ledger-bench.ts";
import { withLedger } from "./support/ledger.ts";
import { requestFor } from "./support/run.ts";

/** Time stands still, so every migration counts as quick. */
const quick = { now: () => 0 };
const gate = 4711;
const waitsAtGate = `SELECT pg_advisory_xact_lock(${String(gate)});`;

/** `count` tiny migrations; `special` replaces some of them. */
function tiny(count: number, special: Record<number, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${String(i + 1)}_m/up`, special[i + 1] ?? `CREATE TABLE t${String(i + 1)} (id int);`]),
  );
}

type Share = NonNullable<Hasura["runSqls"]>;

/** A Hasura whose shared requests go through `how`. */
function sharing(hasura: Hasura, how: (requests: readonly RunSql[], real: Share) => ReturnType<Share>): Hasura {
  const { runSqls } = hasura;
  assert.ok(runSqls);
  const shared: Share = (requests) => how(requests, runSqls);
  return new Proxy(hasura, { get: (target, name): unknown => (name === "runSqls" ? shared : Reflect.get(target, name)) });
}

/** How many migrations each shared request had. */
function counting(real: Hasura): { sizes: number[]; hasura: Hasura } {
  const sizes: number[] = [];
  const hasura = sharing(real, (requests, send) => {
    sizes.push(requests.length);
    return send(requests);
  });
  return { sizes, hasura };
}

/** Resolves when an event comes that `which` takes. */
function listening(which: (event: RunEvent) => boolean): { emit: (event: RunEvent) => void; heard: Promise<unknown> } {
  const events = new EventEmitter();
  return { emit: (event) => (which(event) ? void events.emit("heard") : undefined), heard: once(events, "heard") };
}

const startsWith = (version: string) => (event: RunEvent) => event.type === "migration.started" && event.version === version;

test("small quick migrations share requests, each in a transaction of its own and in order", async (t) => {
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
  const [row] = await query(it.url, "SELECT count(DISTINCT txid) AS ids, count(DISTINCT xmin::text) AS rows FROM hasura_migrate.migration");
  assert.deepEqual(row, { ids: "8", rows: "8" });
  assert.deepEqual(await it.catalog(), versions(ran));
  const order = ran.events.filter((event) => event.type.startsWith("migration.")).map((event) => event.type);
  assert.deepEqual(order, Array.from({ length: 8 }, () => ["migration.started", "migration.applied"]).flat());
  assert.ok(
    ran
      .of("migration.applied")
      .slice(1, 7)
      .every(({ tookMs }) => tookMs > 0),
    "the time in the database is said",
  );
});

test("one in the middle of a shared request fails: those before it stay, it is named, none after it has run", async (t) => {
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

test("the same where Hasura hides what the database said", async (t) => {
  const it = await ledgerBench(t, { hideInternals: true });
  const ran = await it.run(tiny(8, { 6: "CREATE TABLE t1 (id int);" }), asked("apply"), quick);
  assert.deepEqual([versions(ran), ran.of("migration.failed").map(({ version }) => version)], [["1", "2", "3", "4", "5"], ["6"]]);
});

test("while a slow one keeps the answer back, the run says how far it is", async (t) => {
  const it = await ledgerBench(t);
  const release = await it.hold(gate);
  const { emit, heard } = listening(startsWith("5"));
  const running = it.run(tiny(7, { 5: waitsAtGate }), asked("apply"), { ...quick, emit });
  await heard; // 4 and 5 are in one request, whose answer waits for the gate
  await release();
  assert.deepEqual(versions(await running), ["1", "2", "3", "4", "5", "6", "7"]);
});

test("a run that is asked to stop ends within a shared request, after the migration in hand", async (t) => {
  const it = await ledgerBench(t);
  const release = await it.hold(gate);
  const { emit, heard } = listening(startsWith("5"));
  const request = asked("apply");
  const running = it.run(tiny(7, { 5: waitsAtGate }), request, { ...quick, emit });
  await heard;
  await it.run(tiny(7), { ...requestFor("cancel", { run: request.runId }), runId: asked("cancel").runId });
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
});

test("a shared request whose answer is lost goes on in Hasura: the run follows it to its end, however long that takes", async (t) => {
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
      await lost.heard;
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
  assert.deepEqual([versions(ran), await it.ledger()], [["1", "2", "3", "4", "5", "6", "7"], versions(ran)]);
  assert.deepEqual(
    ran.of("waiting").filter(({ reason }) => reason === "lock"),
    [],
  );
});

test("what commits by itself, has settings of its own or runs outside a transaction goes alone", async (t) => {
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
  assert.match(ran.of("migration.applied")[2]?.notices?.[0] ?? "", /commits by itself/);
});

test("a shared request holds as many as take a moment together, and never more than twice as many as the last", () => {
  const speed = pace();
  const sizes = [
    [1, 1],
    [2, 4],
    [4, 8],
    [8, 16],
    [16, 32],
    [20, 200],
    [5, 5000],
  ].map(([count = 0, ms = 0]) => {
    speed.took(count, ms);
    return speed.size;
  });
  assert.deepEqual(sizes, [2, 4, 8, 16, 20, 5, 1]);
});
