import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import type { ReadyStep } from "../../../src/engine/plan/prepare-plan.ts";
import { runPlan, type PlanResult } from "../../../src/engine/run/run-plan.ts";
import type { Slice } from "../../../src/engine/run/stop-before.ts";
import type { MigrationStore, StepResult } from "../../../src/engine/store/store.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { engineOf } from "../support/engine.ts";
import { fileOf, readyStep, storeOf, unreadable } from "../support/ready-steps.ts";

interface Ran extends PlanResult {
  readonly events: readonly RunEvent[];
  /** `started 1`, `applied 1`, … in order. */
  readonly story: readonly string[];
}

interface Given {
  readonly slice?: Partial<Slice>;
  readonly firstPlanOnly?: boolean;
  readonly remainingMs?: number;
  readonly stop?: AbortSignal;
  readonly now?: () => number;
}

async function run(steps: readonly ReadyStep[], given: Given = {}): Promise<Ran> {
  const { now = () => 0, stop = new AbortController().signal, remainingMs = 900_000 } = given;
  const engine = engineOf({ now, stop, remainingMs: () => remainingMs });
  const { events } = engine;
  const slice = { untilMs: undefined, progressed: false, resumable: true, ...given.slice };
  const { firstPlanOnly = false } = given;
  const result = await runPlan({ steps, environment: "dev-3", slice, firstPlanOnly, engine });
  const story = events.map((event) => `${event.type} ${"version" in event ? event.version : ""}`);
  return { ...result, events, story };
}

const planOf = (store: MigrationStore, ...versions: string[]): ReadyStep[] =>
  versions.map((version) => readyStep(version, { store }));

/** A store whose step `version` ends in this way. */
function storeWith(version: string, result: StepResult, more: Partial<MigrationStore> = {}) {
  return storeOf({
    run: (step) =>
      Promise.resolve(step.version === version ? result : { outcome: "done", notices: [] }),
    ...more,
  });
}

function failureOf({ stop }: PlanResult): Failure {
  assert(stop?.stop === "failed", JSON.stringify(stop));
  assert(stop.failure instanceof Failure, String(stop.failure));
  return stop.failure;
}

const countsOf = ({ applied, notReached, touched }: PlanResult) => [
  applied,
  notReached,
  [...touched],
];

describe("running a plan", () => {
  test("runs every step, in order, and reports each when it begins and when it is applied", async () => {
    const store = storeOf();
    const ran = await run(planOf(store, "1", "2"));
    assert.deepEqual(ran.story, [
      "migration.started 1",
      "migration.applied 1",
      "migration.started 2",
      "migration.applied 2",
    ]);
    assert.deepEqual(ran.events[1], {
      type: "migration.applied",
      database: "default",
      version: "1",
      name: "x",
      direction: "up",
      tookMs: 0,
    });
    assert.deepEqual(countsOf(ran), [2, 0, ["default"]]);
    assert.equal("stop" in ran, false);
    assert.equal("unsettled" in ran, false);
  });

  test("that is empty does nothing", async () => {
    assert.deepEqual(countsOf(await run([])), [0, 0, []]);
  });

  test("passes on what the database reported, and how long it took", async () => {
    let clock = 100;
    const store = storeOf({
      run: () => {
        clock += 40;
        return Promise.resolve({ outcome: "done", notices: ["table exists"] });
      },
    });
    const { events } = await run(planOf(store, "1"), { now: () => clock });
    assert.deepEqual(events.at(-1), {
      type: "migration.applied",
      database: "default",
      version: "1",
      name: "x",
      direction: "up",
      tookMs: 40,
      notices: ["table exists"],
    });
  });

  test("never reports a negative time", async () => {
    let clock = 100;
    const store = storeOf({
      run: () => {
        clock -= 40;
        return Promise.resolve({ outcome: "done", notices: [] });
      },
    });
    const [, applied] = (await run(planOf(store, "1"), { now: () => clock })).events;
    assert.equal(applied?.type === "migration.applied" && applied.tookMs, 0);
  });

  test("names the databases that were changed, and settles each store once", async () => {
    const settled: string[] = [];
    const settling = (name: string) => async (): Promise<void> => void settled.push(name);
    const [a, b, c] = [
      storeOf({ settle: settling("a") }),
      storeOf({ settle: settling("b") }),
      storeOf({ settle: settling("c") }),
    ];
    const skipping = storeWith("3", { outcome: "skipped", reason: "done by another run" });
    const ran = await run([
      readyStep("1", { database: "a", store: a }),
      readyStep("2", { database: "a", store: a }),
      readyStep("2", { database: "b", store: b }),
      readyStep("3", { database: "s", store: skipping }),
      readyStep("4", { database: "c", store: c }),
    ]);
    assert.deepEqual(countsOf(ran), [4, 0, ["a", "b", "c"]]);
    assert.deepEqual(settled, ["a", "b", "c"]);
  });

  test("does not settle the store of a database that was not reached", async () => {
    const failing = storeWith("1", { outcome: "busy", holder: "ada" });
    const other = storeOf({ settle: () => assert.fail("it is settled") });
    const ran = await run([readyStep("1", { store: failing }), readyStep("2", { store: other })]);
    assert.deepEqual([failureOf(ran).code, ran.unsettled], ["busy", undefined]);
  });

  test("reads each file once, the next one while a step runs", async () => {
    const store = storeOf();
    const files = ["1", "2", "3"].map((version) => fileOf(`${version}/up.sql`, "SELECT 1;"));
    const read: number[] = [];
    await run(
      files.map((file, i) =>
        readyStep(String(i + 1), {
          file,
          store: storeOf({
            run: (step) => {
              read.push(files.filter(({ reads }) => reads > 0).length);
              return store.run(step);
            },
          }),
        }),
      ),
    );
    assert.deepEqual(
      files.map(({ reads }) => reads),
      [1, 1, 1],
    );
    assert.deepEqual(read, [2, 3, 3]);
  });

  test("ends where a file cannot be read any more, and counts and records what was done before", async () => {
    let settled = 0;
    const store = storeOf({ settle: async () => void (settled += 1) });
    const gone = readyStep("2", { store, file: unreadable("2/up.sql") });
    const ran = await run([...planOf(store, "1"), gone, ...planOf(store, "3")]);
    assert.deepEqual([ran.applied, ran.notReached, settled], [1, 2, 1]);
    assert.deepEqual([...ran.touched], ["default"]);
    assert.equal(ran.stop?.stop, "failed");
    assert.match(String(ran.stop.failure), /2\/up\.sql is gone/);
    assert.deepEqual(
      store.ran.map(({ version }) => version),
      ["1"],
    );
  });

  test("returns what kept a store from recording everything, even after a failure", async () => {
    const problem = new Error("not recorded");
    const settle = () => Promise.reject(problem);
    assert.equal((await run(planOf(storeOf({ settle }), "1"))).unsettled, problem);
    const failing = storeWith("1", { outcome: "busy", holder: "ada" }, { settle });
    assert.equal((await run(planOf(failing, "1", "2"))).unsettled, problem);
    const second = [readyStep("1"), ...planOf(storeOf({ settle }), "2")];
    assert.equal((await run(second)).unsettled, problem);
  });
});

describe("a step that is not applied", () => {
  const error = new HasuraCallError("rejected", "query execution failed", {
    status: 400,
    code: "postgres-error",
    database: { message: "boom", sqlstate: "42601" },
  });

  test("ends the run if it failed, and those after it are not reached", async () => {
    const ran = await run(planOf(storeWith("2", { outcome: "failed", error }), "1", "2", "3"));
    assert.deepEqual(countsOf(ran), [1, 1, ["default"]]);
    assert.deepEqual(ran.story.slice(2), ["migration.started 2", "migration.failed 2"]);
    const failure = failureOf(ran);
    assert.deepEqual(
      [failure.kind, failure.code, failure.sql?.file],
      ["migration", "sql-failed", "2/up.sql"],
    );
    const event = ran.events.at(-1);
    assert.equal(event?.type === "migration.failed" && event.failure.code, "sql-failed");
  });

  for (const [what, atomic, noTransaction, rolledBack] of [
    ["in a transaction", true, false, true],
    ["outside a transaction", true, true, false],
    ["in a store that is not atomic", false, false, false],
  ] as const)
    test(`that failed ${what} ${rolledBack ? "was" : "was not"} rolled back for certain`, async () => {
      const store = storeWith("1", { outcome: "failed", error }, { atomic });
      const { hints } = failureOf(await run([readyStep("1", { store, noTransaction })]));
      assert.equal(/rolled back completely/.test(JSON.stringify(hints)), rolledBack);
    });

  test("that failed because the object exists can be recorded as applied, on the way up", async () => {
    const exists = new HasuraCallError("rejected", "query execution failed", {
      status: 400,
      code: "postgres-error",
      database: { message: "it exists", sqlstate: "42P07" },
    });
    const store = storeWith("1", { outcome: "failed", error: exists });
    const hintsOf = async (direction: "up" | "down") =>
      hintLines(failureOf(await run([readyStep("1", { store, direction })])).hints);
    const retry = "retry: the file was rolled back completely: fix the file, then run it again";
    assert.deepEqual(await hintsOf("up"), ["hasura-migrate mark dev-3 1 --applied", retry]);
    assert.deepEqual(await hintsOf("down"), [retry]);
  });

  test("that failed in a redo is not reported as leaving everything unchanged: its rollback is kept", async () => {
    const store = storeWith("1", { outcome: "failed", error });
    const { hints } = failureOf(await run([{ ...readyStep("1", { store }), redone: true }]));
    assert.deepEqual(hintLines(hints), [
      "1_x has been rolled back and is pending.",
      "hasura-migrate dev-3",
    ]);
    assert.doesNotMatch(JSON.stringify(hints), /rolled back completely/);
  });

  test("that was skipped does not end the run, and changed nothing", async () => {
    const skipped = storeWith("1", { outcome: "skipped", reason: "applied by another run" });
    const ran = await run(planOf(skipped, "1"));
    assert.deepEqual(countsOf(ran), [0, 0, []]);
    assert.equal(ran.stop, undefined);
    assert.deepEqual(ran.events.at(-1), {
      type: "migration.skipped",
      database: "default",
      version: "1",
      name: "x",
      direction: "up",
      reason: "applied by another run",
    });
  });

  test("requests a new plan if the database changed, and is not counted", async () => {
    const store = storeWith("2", { outcome: "replan", reason: "2 is applied" });
    const ran = await run(planOf(store, "1", "2", "3"));
    assert.deepEqual(ran.stop, { stop: "replan", reason: "2 is applied" });
    assert.deepEqual(countsOf(ran), [1, 2, ["default"]]);
  });

  test("was cancelled, and is reported as not started", async () => {
    const ran = await run(planOf(storeWith("2", { outcome: "cancelled" }), "1", "2", "3"));
    assert.deepEqual(ran.stop, { stop: "cancelled" });
    assert.deepEqual(countsOf(ran), [1, 2, ["default"]]);
    assert.equal(ran.story.at(-1), "migration.skipped 2");
  });

  test("ends the run, if another run works on the database", async () => {
    const ran = await run(planOf(storeWith("1", { outcome: "busy", holder: "ada@laptop" }), "1"));
    const failure = failureOf(ran);
    assert.deepEqual([failure.kind, failure.code], ["busy", "busy"]);
    assert.match(failure.message, /ada@laptop/);
    assert.deepEqual(hintLines(failure.hints), ["retry: once that run has ended"]);
  });

  for (const [direction, took, not] of [
    ["up", "--applied", "pending"],
    ["down", "--pending", "applied"],
  ] as const)
    test(`whose outcome is unknown on the way ${direction} names the command that records it`, async () => {
      const lost = new HasuraCallError("unknown", "lost", { status: 504 });
      const store = storeWith("5", { outcome: "unknown", error: lost });
      const ran = await run([readyStep("5", { store, direction, database: "b" }), readyStep("6")]);
      assert.deepEqual(countsOf(ran), [0, 1, []]);
      assert.equal(ran.story.at(-1), "migration.unknown 5");
      const failure = failureOf(ran);
      assert.deepEqual([failure.kind, failure.code], ["unreachable", "outcome-unknown"]);
      assert.match(failure.message, new RegExp(`5/${direction}\\.sql.*HTTP 504`));
      assert.deepEqual(
        failure.hints.flatMap((hint) =>
          hint.kind === "command" && hint.argv[1] !== "sql" ? [hint.argv.slice(1)] : [],
        ),
        [["mark", "dev-3", "5", took, "--database", "b"]],
      );
      assert.match(JSON.stringify(failure.hints), new RegExp(`recorded as ${not}`));
      assert.match(JSON.stringify(failure.hints), /5_x/);
      assert.equal(failure.cause, lost);
    });

  for (const [end, result] of [
    ["has an unknown outcome", { outcome: "unknown", error: new HasuraCallError("unknown", "") }],
    ["found another run", { outcome: "busy", holder: "ada@laptop" }],
  ] as const)
    test(`of a redo that ${end} names apply instead of another redo`, async () => {
      const step = { ...readyStep("5", { store: storeWith("5", result) }), redone: true };
      const hints = hintLines(failureOf(await run([step])).hints);
      assert.match(hints[0] ?? "", /^5_x has been rolled back/);
      assert.equal(hints.at(-1), "hasura-migrate dev-3");
    });

  for (const [what, lost, message] of [
    [
      "a lost connection",
      new HasuraCallError("unknown", "lost"),
      /connection to Hasura was lost\./,
    ],
    [
      "a failure",
      new Failure("unreachable", "answer-lost", "The ledger in a.b is gone."),
      /took effect: The ledger in a\.b is gone\. It may/,
    ],
  ] as const)
    test(`whose outcome is unknown after ${what} states that as the reason`, async () => {
      const store = storeWith("5", { outcome: "unknown", error: lost });
      assert.match(failureOf(await run(planOf(store, "5"))).message, message);
    });
});

describe("a run with too little time", () => {
  const aborted = (reason?: string): AbortSignal => {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  };
  const resumable = (): MigrationStore => storeOf({ canResume: true });

  test("does not begin a step in the last five seconds", async () => {
    const store = storeOf();
    const ran = await run(planOf(store, "1"), { remainingMs: 4999 });
    const failure = failureOf(ran);
    assert.deepEqual([failure.kind, failure.code], ["unreachable", "deadline"]);
    assert.deepEqual([store.ran, ran.notReached, ran.events], [[], 1, []]);
    assert.deepEqual(hintLines(failure.hints), [
      "retry: continue where this run ended",
      "Raise the function's timeout (at most 15 minutes).",
    ]);
    assert.equal((await run(planOf(storeOf(), "1"), { remainingMs: 5000 })).applied, 1);
  });

  test("pauses in the last minute if another invocation can continue, after some progress", async () => {
    const pausing = { remainingMs: 59_999, slice: { progressed: true } };
    const paused = await run(planOf(resumable(), "1"), pausing);
    assert.equal(paused.stop?.stop, "paused");
    assert.equal(paused.applied, 0);
    assert.equal(
      (await run(planOf(resumable(), "1"), { ...pausing, remainingMs: 60_000 })).applied,
      1,
    );
    assert.equal((await run(planOf(storeOf(), "1"), pausing)).applied, 1);
  });

  test("makes progress before it pauses, so that a run ends", async () => {
    const ran = await run(planOf(resumable(), "1", "2"), { remainingMs: 59_999 });
    assert.deepEqual([ran.applied, ran.notReached, ran.stop?.stop], [1, 1, "paused"]);
  });

  test("does not begin a step in the last five seconds, even if it could continue later", async () => {
    const ran = await run(planOf(resumable(), "1"), { remainingMs: 4999 });
    assert.equal(failureOf(ran).code, "deadline");
  });

  test("pauses when the client's time limit is reached, and not before", async () => {
    const at = (now: number, store: MigrationStore): Promise<Ran> =>
      run(planOf(store, "1"), { now: () => now, slice: { untilMs: 100, progressed: true } });
    assert.equal((await at(99, resumable())).stop, undefined);
    const over = await at(100, resumable());
    assert.deepEqual([over.applied, over.stop?.stop], [0, "paused"]);
    assert.equal((await at(100, storeOf())).applied, 1);
  });

  test("does not pause while a step is left that the next invocation would refuse, because its store keeps no plan", async () => {
    const twoStores = (first: MigrationStore, last: MigrationStore) => [
      ...planOf(first, "1", "2"),
      readyStep("3", { database: "last", store: last }),
    ];
    const given = { remainingMs: 59_999, firstPlanOnly: true };
    const before = await run(twoStores(resumable(), storeOf()), given);
    assert.deepEqual([before.applied, before.stop], [3, undefined]);
    const after = await run(twoStores(storeOf(), resumable()), given);
    assert.deepEqual([after.applied, after.stop?.stop], [2, "paused"]);
    const unbound = await run(twoStores(resumable(), storeOf()), { remainingMs: 59_999 });
    assert.deepEqual([unbound.applied, unbound.stop?.stop], [1, "paused"]);
  });

  test("is cancelled by a stop, before its next step", async () => {
    const ran = await run(planOf(storeOf(), "1"), { stop: aborted() });
    assert.deepEqual([ran.stop, ran.notReached, ran.events], [{ stop: "cancelled" }, 1, []]);
    const resumed = await run(planOf(resumable(), "1"), {
      stop: aborted(),
      slice: { progressed: true },
    });
    assert.deepEqual(resumed.stop, { stop: "cancelled" });
  });

  test("pauses at the function's deadline if another invocation can continue, otherwise is cancelled", async () => {
    const given = { stop: aborted("deadline"), slice: { progressed: true } };
    assert.equal((await run(planOf(resumable(), "1"), given)).stop?.stop, "paused");
    assert.equal((await run(planOf(storeOf(), "1"), given)).stop?.stop, "cancelled");
  });

  test("ends with what failed in the background, before its next step", async () => {
    const failure = new Failure("unreachable", "catalog-contended", "The catalog is gone.");
    const store = storeOf({ backgroundFailure: () => failure });
    const ran = await run(planOf(store, "1"));
    assert.equal(failureOf(ran), failure);
    assert.deepEqual(store.ran, []);
  });
});

describe("steps that share a request", () => {
  interface Batching {
    readonly store: MigrationStore;
    readonly batches: string[][];
  }

  /** Runs batches, up to the step that ends in another way. */
  function batching(ends: Readonly<Record<string, StepResult>> = {}, tookMs?: number): Batching {
    const batches: string[][] = [];
    const store = storeOf({
      run: (step) => {
        batches.push([step.version]);
        return Promise.resolve(ends[step.version] ?? { outcome: "done", notices: [] });
      },
      runBatch: async (steps, onDone) => {
        batches.push(steps.map(({ version }) => version));
        for (const { version } of steps) {
          const end = ends[version];
          if (end) return end;
          await onDone({ notices: [`did ${version}`], ...(tookMs !== undefined && { tookMs }) });
        }
        return undefined;
      },
    });
    return { store, batches };
  }
  const seven = ["1", "2", "3", "4", "5", "6", "7"];

  test("increase as long as they are quick", async () => {
    const { store, batches } = batching();
    const ran = await run(planOf(store, ...seven));
    assert.deepEqual(batches, [["1"], ["2", "3"], ["4", "5", "6", "7"]]);
    assert.deepEqual(countsOf(ran), [7, 0, ["default"]]);
    assert.deepEqual(
      ran.story,
      seven.flatMap((version) => [`migration.started ${version}`, `migration.applied ${version}`]),
    );
  });

  test("drop to one when they are slow", async () => {
    const { store, batches } = batching();
    let clock = 0;
    const slow = storeOf({
      run: (step) => store.run(step),
      runBatch: async (steps, onDone) => {
        clock += 10_000;
        return store.runBatch?.(steps, onDone);
      },
    });
    await run(planOf(slow, ...seven), { now: () => clock });
    assert.deepEqual(batches.slice(0, 4), [["1"], ["2", "3"], ["4"], ["5", "6"]]);
  });

  test("run one by one in the last two minutes", async () => {
    const { store, batches } = batching();
    await run(planOf(store, "1", "2", "3"), { remainingMs: 119_999 });
    assert.deepEqual(batches, [["1"], ["2"], ["3"]]);
    const full = batching();
    await run(planOf(full.store, "1", "2", "3"), { remainingMs: 120_000 });
    assert.deepEqual(full.batches, [["1"], ["2", "3"]]);
  });

  test("are reported with the database's notices and time", async () => {
    const { store } = batching({}, 12);
    const { events } = await run(planOf(store, "1", "2", "3"));
    const applied = events.filter((event) => event.type === "migration.applied");
    assert.deepEqual(
      applied.map(({ version, tookMs, notices }) => [version, tookMs, notices]),
      [
        ["1", 0, undefined],
        ["2", 12, ["did 2"]],
        ["3", 12, ["did 3"]],
      ],
    );
  });

  test("end at the one that failed: those before it are applied, those after it not reached", async () => {
    const { store, batches } = batching({ "5": { outcome: "busy", holder: "ada" } });
    const ran = await run(planOf(store, ...seven));
    assert.deepEqual(batches.at(-1), ["4", "5", "6", "7"]);
    assert.deepEqual(countsOf(ran), [4, 2, ["default"]]);
    assert.equal(failureOf(ran).code, "busy");
    assert.equal(ran.story.at(-1), "migration.skipped 5");
  });

  test("continue after one that was skipped, in order", async () => {
    const { store, batches } = batching({ "5": { outcome: "skipped", reason: "applied" } });
    const ran = await run(planOf(store, ...seven, "8", "9"));
    assert.deepEqual(countsOf(ran), [8, 0, ["default"]]);
    assert.deepEqual(batches.slice(2), [
      ["4", "5", "6", "7"],
      ["6", "7", "8", "9"],
    ]);
  });
});
