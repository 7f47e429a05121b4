import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { cancelRuns } from "../../../src/engine/operations/cancel.ts";
import { showHistory } from "../../../src/engine/operations/history.ts";
import type { RunFilter, RunRegistry } from "../../../src/engine/store/store.ts";
import type { HistoryRow } from "../../../src/protocol/history-row.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { countedQueries } from "../../../src/protocol/operations.ts";
import { engineOf } from "../support/engine.ts";
import { storeOf } from "../support/ready-steps.ts";
import { databaseOf, requestOf, sessionOf } from "../support/sessions.ts";

interface Registry extends RunRegistry {
  readonly filters: RunFilter[];
  readonly cancelled: (string | undefined)[];
}

/** `open`: the ids of the runs that have not ended. */
function registryOf(rows: readonly HistoryRow[] = [], open: readonly string[] = []): Registry {
  const [filters, cancelled]: [RunFilter[], (string | undefined)[]] = [[], []];
  return {
    filters,
    cancelled,
    begin: () => Promise.resolve(),
    end: () => Promise.resolve(),
    actors: () => assert.fail("nobody is looked up"),
    others: () => [],
    history: (filter) => {
      filters.push(filter);
      const isSql = ({ operation }: HistoryRow): boolean => operation === "sql";
      if (filter.countsQueries !== true) return Promise.resolve({ runs: rows });
      const runs = rows.filter((row) => !isSql(row));
      return Promise.resolve({ runs, queries: rows.length - runs.length });
    },
    findOpen: (run) => Promise.resolve(open.filter((id) => id.startsWith(run))),
    cancel: (run) => {
      cancelled.push(run);
      return Promise.resolve(open.filter((id) => run === undefined || id === run));
    },
  };
}

const sessionWith = (...registries: (RunRegistry | undefined)[]) =>
  sessionOf(
    ...registries.map((runs, i) => databaseOf({ name: `d${i}`, store: storeOf(runs && { runs }) })),
  );

describe("cancelling runs", () => {
  const cancel = async (options: object, ...registries: (RunRegistry | undefined)[]) => {
    const engine = engineOf();
    const result = await cancelRuns(
      requestOf("cancel", options),
      sessionWith(...registries),
      engine,
    );
    assert.deepEqual(result, { applied: 0, notReached: 0 });
    return engine.events;
  };

  test("queries every database, and names each run once", async () => {
    const [a, b] = [registryOf([], ["r1", "r2"]), registryOf([], ["r2", "r3"])];
    assert.deepEqual(await cancel({}, a, undefined, b), [
      { type: "cancel.requested", runs: ["r1", "r2", "r3"] },
    ]);
    assert.deepEqual([a.cancelled, b.cancelled], [[undefined], [undefined]]);
  });

  test("takes the beginning of an id as that of the run in progress that it fits, in whichever database", async () => {
    const [a, b] = [registryOf([], ["r1", "s1", "s12"]), registryOf([], ["r1"])];
    const asked = (runs: string[]) => [{ type: "cancel.requested", runs }];
    assert.deepEqual(await cancel({ run: "r" }, a, b), asked(["r1"]));
    assert.deepEqual([a.cancelled, b.cancelled], [["r1"], ["r1"]]);
    assert.deepEqual(await cancel({ run: "s1" }, a, b), asked(["s1"]));
    assert.deepEqual(await cancel({ run: "t" }, a, b), asked([]));
  });

  test("stops none where the beginning of an id fits several runs, and lists them", async () => {
    const [a, b] = [registryOf([], ["r1"]), registryOf([], ["r2"])];
    await assert.rejects(cancel({ run: "r" }, a, b), (thrown: unknown) => {
      assert(thrown instanceof Failure);
      assert.equal(thrown.code, "run-ambiguous");
      assert.match(thrown.message, /^2 runs in progress in dev-3 .* begins with r; none was/);
      return /r1.*r2/.test(JSON.stringify(thrown.hints));
    });
    assert.deepEqual([a.cancelled, b.cancelled], [[], []]);
  });

  test("needs a ledger, unless there is no database at all", async () => {
    await assert.rejects(cancel({}, undefined), (thrown: unknown) => {
      assert(thrown instanceof Error && "code" in thrown && "hints" in thrown);
      assert.equal(thrown.code, "needs-ledger");
      assert.match(thrown.message, /^cancel needs a ledger, and dev-3/);
      return Array.isArray(thrown.hints) && thrown.hints.length === 1;
    });
    assert.deepEqual(await cancel({}), [{ type: "cancel.requested", runs: [] }]);
  });
});

describe("the history", () => {
  const row = (runId: string, minute: number, more: Partial<HistoryRow> = {}): HistoryRow => ({
    runId,
    operation: "apply",
    user: "ada",
    host: "laptop",
    requestId: "request-1",
    startedAt: new Date(Date.UTC(2026, 10, 24, 10, minute)).toISOString(),
    live: false,
    outcome: "finished",
    migrations: [{ database: "d", version: String(minute), name: "x", change: "up" }],
    ...more,
  });
  const history = async (options: object, ...registries: RunRegistry[]): Promise<HistoryRow[]> => {
    const engine = engineOf();
    const request = requestOf("history", options);
    const result = await showHistory(request, sessionWith(...registries), engine);
    assert.deepEqual(result, { applied: 0, notReached: 0 });
    return engine.events.flatMap((event) => (event.type === "history" ? event.runs : []));
  };

  test("lists the newest runs of all databases, as many as were asked for", async () => {
    const [a, b] = [registryOf([row("r1", 1), row("r3", 3)]), registryOf([row("r2", 2)])];
    const idsOf = async (options: object) =>
      (await history(options, a, b)).map(({ runId }) => runId);
    assert.deepEqual(await idsOf({}), ["r3", "r2", "r1"]);
    assert.deepEqual(await idsOf({ limit: 2 }), ["r3", "r2"]);
    assert.equal(a.filters.at(-1)?.limit, 2);
  });

  test("counts queries instead of listing them for a client that asks for it", async () => {
    const query = (id: string, minute: number) => row(id, minute, { operation: "sql" });
    const registries = [registryOf([row("r1", 1), query("q1", 2)]), registryOf([query("q2", 3)])];
    const engine = engineOf();
    const asked = { ...requestOf("history"), accept: [countedQueries] };
    await showHistory(asked, sessionWith(...registries), engine);
    const [event] = engine.events;
    assert(event?.type === "history");
    assert.deepEqual([event.runs.map(({ runId }) => runId), event.queries], [["r1"], 2]);
    assert.deepEqual(
      (await history({}, ...registries)).map(({ runId }) => runId),
      ["q2", "q1", "r1"],
    );
  });

  test("has one row for a run in two databases, with the worse outcome", async () => {
    const merged = async (first: Partial<HistoryRow>, second: Partial<HistoryRow>) => {
      const [a, b] = [registryOf([row("r", 1, first)]), registryOf([row("r", 1, second)])];
      const [only, ...others] = await history({}, a, b);
      assert.deepEqual([only?.migrations.length, others], [2, []]);
      return only;
    };
    const failed = { outcome: "migration/sql-failed" };
    assert.equal((await merged(failed, {}))?.outcome, failed.outcome);
    assert.equal((await merged({}, failed))?.outcome, failed.outcome);
    assert.equal((await merged({ outcome: "cancelled" }, {}))?.outcome, "cancelled");
    assert.equal((await merged({}, {}))?.outcome, "finished");
    assert.equal((await merged({ outcome: undefined }, failed))?.outcome, failed.outcome);
    assert.deepEqual(
      [
        (await merged({ live: true }, {}))?.live,
        (await merged({}, { live: true }))?.live,
        (await merged({}, {}))?.live,
      ],
      [true, true, false],
    );
  });
});
