import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EngineContext } from "../../../src/engine/context.ts";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { migrate, type AroundMigrations } from "../../../src/engine/operations/migrate.ts";
import type { RunResult } from "../../../src/engine/run-result.ts";
import type { DatabaseState } from "../../../src/engine/session.ts";
import type {
  AppliedMigration,
  MigrationStore,
  RunRegistry,
  Step,
  StepResult,
} from "../../../src/engine/store/store.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { rejected } from "../support/call-errors.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { engineOf, warningsOf } from "../support/engine.ts";
import { storeOf } from "../support/ready-steps.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { applied, databaseOf, requestOf, sessionOf } from "../support/sessions.ts";

interface Given {
  readonly files?: readonly string[];
  readonly recorded?: Record<string, AppliedMigration>;
  readonly operation?: "apply" | "down" | "redo";
  readonly options?: object;
  readonly engine?: Partial<EngineContext>;
  /** How a step ends, by how many were run before it. */
  readonly ends?: (step: Step, nth: number) => StepResult | undefined;
  readonly store?: Partial<MigrationStore>;
  /** What a deployment does with the metadata. */
  readonly around?: AroundMigrations;
  /** Databases before the one that is migrated. */
  readonly others?: readonly DatabaseState[];
}

/** Migrates one database whose store keeps what was applied. */
async function run(given: Given = {}) {
  const { files = ["1", "2", "3"], recorded = {}, operation = "apply", others = [] } = given;
  const known = new Map(Object.entries(recorded));
  const ran: string[] = [];
  const store = storeOf({
    read: () => Promise.resolve(new Map(known)),
    run: (step) => {
      const end = given.ends?.(step, ran.length);
      ran.push(`${step.direction} ${step.version}`);
      if (end) return Promise.resolve(end);
      if (step.direction === "up") known.set(step.version, { state: "applied" });
      else known.delete(step.version);
      return Promise.resolve({ outcome: "done", notices: [] });
    },
    ...given.store,
  });
  const hasura = scriptedHasura();
  const engine = engineOf({ hasura, ...given.engine });
  const session = sessionOf(...others, databaseOf({ files, recorded, store }));
  const result = await migrate(requestOf(operation, given.options), session, engine, given.around);
  const plans = engine.events.flatMap((event) =>
    event.type === "plan" ? [event.databases.at(-1)?.items.map(({ version }) => version)] : [],
  );
  return {
    ...result,
    ran,
    known,
    plans,
    calls: hasura.calls,
    warnings: warningsOf(engine.events),
    events: engine.events,
  };
}

function failureOf({ stop }: RunResult): Failure {
  assert(stop?.stop === "failed" && stop.failure instanceof Failure, JSON.stringify(stop));
  return stop.failure;
}
const replan: StepResult = { outcome: "replan", reason: "2 is applied" };
const error = rejected({ code: "postgres-error", database: { message: "boom" } });

describe("a migration run", () => {
  test("runs its plan and reloads what it changed", async () => {
    const ran = await run();
    assert.deepEqual([ran.applied, ran.notReached, ran.stop], [3, 0, undefined]);
    assert.deepEqual(ran.ran, ["up 1", "up 2", "up 3"]);
    assert.deepEqual(ran.calls, ["inconsistentObjects", "reloadMetadata"]);
  });

  test("reloads the databases that it changed, and no other", async () => {
    const hasura = scriptedHasura();
    let reloaded: unknown;
    hasura.before = (call, detail) => {
      if (call === "reloadMetadata") reloaded = detail;
    };
    await run({ engine: { hasura }, others: [databaseOf({ name: "other" })] });
    assert.deepEqual(reloaded, ["default"]);
  });

  test("sends its files outside a transaction if requested", async () => {
    const outside = async (given: Given) => {
      const sent: boolean[] = [];
      await run({ ...given, ends: ({ noTransaction }) => void sent.push(noTransaction) });
      return sent;
    };
    const down = { operation: "down", recorded: applied("1") } as const;
    assert.deepEqual(await outside({ options: { noTransaction: true, steps: 1 } }), [true]);
    assert.deepEqual(await outside({ ...down, options: { noTransaction: true } }), [true]);
    assert.deepEqual(await outside(down), [false]);
  });

  test("warns about an older version that is applied, not about one that is redone", async () => {
    const older = { files: ["1", "2"], recorded: applied("2") };
    assert.match((await run(older)).warnings.join(), /^out-of-order: .*: 1_x\.$/);
    const redo = { operation: "redo", recorded: applied("1", "2"), options: { version: "1" } };
    assert.deepEqual((await run({ ...older, ...redo, operation: "redo" })).warnings, []);
  });

  /** Which runs the registry is asked about, and who is shown for each item of a plan that is not run. */
  async function usersIn(given: Given) {
    const asked: (readonly string[])[] = [];
    const runs: RunRegistry = {
      begin: () => assert.fail("it begins"),
      end: () => assert.fail("it ends"),
      history: () => assert.fail("it lists runs"),
      findOpen: () => assert.fail("it looks for runs"),
      cancel: () => assert.fail("it cancels"),
      others: () => [],
      actors: (ids) => {
        asked.push(ids);
        return Promise.resolve(new Map([["r1", { user: "ada" }]]));
      },
    };
    const others = [databaseOf({ name: "other" })];
    const dry = await run({
      others,
      ...given,
      options: { ...given.options, dryRun: true },
      store: { runs },
    });
    const plan = dry.events.find((event) => event.type === "plan");
    const items = plan?.type === "plan" ? plan.databases.at(-1)?.items : undefined;
    return { asked, shown: items?.map(({ version, appliedBy }) => `${version} ${appliedBy}`) };
  }
  const ofRuns = (runs: Readonly<Record<string, string>>): Record<string, AppliedMigration> =>
    Object.fromEntries(
      Object.entries(runs).map(([version, id]) => [version, { state: "applied", run: id }]),
    );

  test("shows before a roll-back who applied what, where that is known", async () => {
    const recorded = { ...ofRuns({ "1": "r1", "2": "gone", "3": "r1" }), ...applied("4") };
    const files = ["1", "2", "3", "4"];
    assert.deepEqual(
      await usersIn({ operation: "down", files, recorded, options: { all: true } }),
      {
        asked: [["r1", "gone"]],
        shown: ["4 undefined", "3 ada", "2 undefined", "1 ada"],
      },
    );
    const redo = { operation: "redo", files: ["1"], recorded: ofRuns({ "1": "r1" }) } as const;
    assert.deepEqual(await usersIn(redo), { asked: [["r1"]], shown: ["1 ada", "1 undefined"] });
    assert.deepEqual(await usersIn({}), {
      asked: [],
      shown: ["1 undefined", "2 undefined", "3 undefined"],
    });
  });

  test("that is cancelled between two migrations reports nothing half-done", async () => {
    const ran = await run({
      ends: (step) => (step.version === "2" ? { outcome: "cancelled" } : undefined),
    });
    assert.deepEqual([ran.applied, ran.stop?.stop, ran.warnings], [1, "cancelled", []]);
  });

  test("does nothing for a dry run, or an empty plan, but shows the plan", async () => {
    const dry = await run({ options: { dryRun: true } });
    assert.deepEqual([dry.ran, dry.calls, dry.plans, dry.applied], [[], [], [["1", "2", "3"]], 0]);
    const event = dry.events.find(({ type }) => type === "plan");
    assert.equal(event?.type === "plan" && event.dryRun, true);
    const nothing = await run({ recorded: applied("1", "2", "3") });
    assert.deepEqual([nothing.ran, nothing.calls, nothing.plans], [[], [], [[]]]);
    const real = (await run()).events.find(({ type }) => type === "plan");
    assert.equal(real !== undefined && "dryRun" in real, false);
  });

  test("does not query Hasura's metadata if it is not to be reloaded", async () => {
    assert.deepEqual((await run({ options: { reload: false } })).calls, []);
    const redo = { operation: "redo", recorded: applied("1"), files: ["1"] } as const;
    assert.deepEqual((await run({ ...redo, options: { reload: false } })).calls, []);
    assert.equal((await run(redo)).calls.length, 2);
  });

  test("reloads after a failed migration, if others were applied before it", async () => {
    const failing = (version: string) => (step: Step) =>
      step.version === version ? ({ outcome: "failed", error } as const) : undefined;
    const second = await run({ ends: failing("2") });
    assert.deepEqual(
      [failureOf(second).code, second.applied, second.notReached],
      ["sql-failed", 1, 1],
    );
    assert(second.calls.includes("reloadMetadata"));
    const first = await run({ ends: failing("1") });
    assert.equal(first.calls.includes("reloadMetadata"), false);
  });

  test("sends nothing else to a Hasura that does not respond", async () => {
    const lost = await run({
      ends: (step) => (step.version === "2" ? { outcome: "unknown", error } : undefined),
      store: { confirm: () => assert.fail("it is asked") },
    });
    assert.equal(failureOf(lost).code, "outcome-unknown");
    assert.equal(lost.calls.includes("reloadMetadata"), false);
  });

  const broken = () => {
    const hasura = scriptedHasura();
    hasura.before = (call) => {
      if (call === "reloadMetadata")
        hasura.inconsistent = [{ type: "table", name: "t", reason: "gone" }];
    };
    return hasura;
  };

  test("fails for metadata that it broke only if it is strict or protected", async () => {
    const strict = await run({ options: { strict: true }, engine: { hasura: broken() } });
    assert.deepEqual([failureOf(strict).code, strict.applied], ["metadata-inconsistent", 3]);
    const protectedRun = await run({ engine: { hasura: broken(), protected: true } });
    assert.equal(failureOf(protectedRun).code, "metadata-inconsistent");
    assert.equal((await run({ engine: { hasura: broken() } })).stop, undefined);
    const redo = { operation: "redo", recorded: applied("1"), files: ["1"] } as const;
    assert.equal((await run({ ...redo, engine: { hasura: broken() } })).stop, undefined);
  });

  test("keeps its own failure, if the metadata is broken as well", async () => {
    const ran = await run({
      options: { strict: true },
      engine: { hasura: broken() },
      ends: (step) => (step.version === "2" ? { outcome: "failed", error } : undefined),
    });
    assert.equal(failureOf(ran).code, "sql-failed");
  });

  test("that was cancelled fails for metadata that it broke", async () => {
    const ran = await run({
      options: { strict: true },
      engine: { hasura: broken() },
      ends: (step) => (step.version === "2" ? { outcome: "cancelled" } : undefined),
    });
    assert.equal(failureOf(ran).code, "metadata-inconsistent");
  });

  test("reloads what it has changed before it meets another run, and not if Hasura does not answer", async () => {
    const endedBy = (result: StepResult) =>
      run({ ends: ({ version }) => (version === "2" ? result : undefined) });
    const busy = await endedBy({ outcome: "busy", holder: "ada" });
    assert.deepEqual([failureOf(busy).code, busy.applied], ["busy", 1]);
    assert.deepEqual(busy.calls, ["inconsistentObjects", "reloadMetadata"]);
    const lost = await endedBy({
      outcome: "unknown",
      error: new HasuraCallError("unknown", "lost"),
    });
    assert.deepEqual([failureOf(lost).code, lost.applied], ["outcome-unknown", 1]);
    assert.deepEqual(lost.calls, ["inconsistentObjects"]);
  });

  test("puts back the metadata of a deployment that meets another run, and not if Hasura does not answer", async () => {
    const done: string[] = [];
    const around: AroundMigrations = {
      inconsistent: [],
      fingerprint: "f",
      toKeep: () => [],
      refuseUnkept: () => Promise.resolve(),
      before: () => Promise.resolve(undefined),
      after: () => assert.fail("the metadata is applied"),
      warnMissing: async () => void done.push("still missing"),
      putBack: async () => void done.push("put back"),
    };
    const endedBy = (result: StepResult) => run({ around, ends: () => result });
    await endedBy({ outcome: "unknown", error: new HasuraCallError("unknown", "lost") });
    assert.deepEqual(done, ["still missing"]);
    await endedBy({ outcome: "busy", holder: "ada" });
    assert.deepEqual(done, ["still missing", "put back"]);
  });

  test("is refused where migrations are disabled", async () => {
    const session = { ...sessionOf(databaseOf({ files: ["1"] })), disabled: true };
    await assert.rejects(migrate(requestOf("apply"), session, engineOf()), {
      kind: "usage",
      code: "migration-mode-disabled",
    });
  });

  test("ends with what kept its store from recording, unless it was stopped before", async () => {
    const problem = new Failure("busy", "catalog-contended", "No.");
    const settle = () => Promise.reject(problem);
    const ran = await run({ store: { settle } });
    assert.deepEqual([failureOf(ran), ran.applied], [problem, 3]);
    const failed = await run({ store: { settle }, ends: () => ({ outcome: "failed", error }) });
    assert.equal(failureOf(failed).code, "sql-failed");
    const cancelled = await run({
      store: { settle },
      ends: (step) => (step.version === "2" ? { outcome: "cancelled" } : undefined),
    });
    assert.equal(failureOf(cancelled), problem);
  });

  test("accepts an older version, unless it is protected or told not to", async () => {
    const older = { files: ["1", "2"], recorded: applied("2") };
    assert.deepEqual((await run(older)).ran, ["up 1"]);
    const isRefused = (more: Given) =>
      assert.rejects(run({ ...older, ...more }), { code: "out-of-order" });
    await isRefused({ engine: { protected: true } });
    await isRefused({ options: { outOfOrder: false } });
    const asked = { options: { outOfOrder: true }, engine: { protected: true } };
    assert.deepEqual((await run({ ...older, ...asked })).ran, ["up 1"]);
  });
});

describe("a plan that no longer fits", () => {
  test("is made again, without repeating what was done", async () => {
    const ran = await run({ ends: (_, nth) => (nth === 1 ? replan : undefined) });
    assert.deepEqual([ran.applied, ran.notReached, ran.stop], [3, 0, undefined]);
    assert.deepEqual(ran.ran, ["up 1", "up 2", "up 2", "up 3"]);
    assert.deepEqual(ran.plans, [
      ["1", "2", "3"],
      ["2", "3"],
    ]);
  });

  test("keeps the number of steps", async () => {
    const steps = await run({
      options: { steps: 2 },
      ends: (_, nth) => (nth === 1 ? replan : undefined),
    });
    assert.deepEqual([steps.applied, steps.plans.at(-1)], [2, ["2"]]);
    const first = await run({
      options: { steps: 2 },
      ends: (_, nth) => (nth === 0 ? replan : undefined),
    });
    assert.deepEqual([first.applied, first.plans.at(-1)], [2, ["1", "2"]]);
  });

  const three = applied("1", "2", "3");
  test("of a rollback takes no more than was requested", async () => {
    const once = (_: Step, nth: number) => (nth === 0 ? replan : undefined);
    const one = await run({ operation: "down", recorded: three, ends: once });
    assert.deepEqual([one.applied, one.ran], [1, ["down 3", "down 3"]]);
    const all = await run({
      operation: "down",
      recorded: three,
      options: { all: true },
      ends: once,
    });
    assert.equal(all.applied, 3);
    const to = await run({ operation: "down", recorded: three, options: { to: "1" }, ends: once });
    assert.deepEqual([to.applied, [...to.known.keys()]], [2, ["1"]]);
  });

  test("of one version is made again if nothing was done", async () => {
    const only = await run({
      options: { only: "2" },
      ends: (_, nth) => (nth === 0 ? replan : undefined),
    });
    assert.deepEqual([only.applied, only.ran], [1, ["up 2", "up 2"]]);
  });

  const redone = (given: Given) => run({ operation: "redo", recorded: three, ...given });

  test("of a redo is made again for the same migration, with what is left of it", async () => {
    const atOnce = await redone({ ends: (_, nth) => (nth === 0 ? replan : undefined) });
    assert.deepEqual([atOnce.applied, atOnce.ran], [2, ["down 3", "down 3", "up 3"]]);
    const between = await redone({ ends: (_, nth) => (nth === 1 ? replan : undefined) });
    assert.deepEqual([between.applied, between.ran], [2, ["down 3", "up 3", "up 3"]]);
    assert.deepEqual(between.plans, [["3", "3"], ["3"]]);
  });

  test("of a redo names what is rolled back, if the run ends before it is applied again", async () => {
    const outdated = await redone({
      ends: ({ direction }) => (direction === "up" ? replan : undefined),
    });
    const failure = failureOf(outdated);
    assert.deepEqual([failure.kind, failure.code], ["busy", "plan-outdated"]);
    assert.match(failure.message, /2 is applied\.$/);
    assert.match(JSON.stringify(failure.hints), /3_x has been rolled back and is pending/);
    assert.deepEqual([outdated.applied, outdated.notReached], [1, 1]);
    const cancelled = await redone({
      ends: ({ direction }) => (direction === "up" ? { outcome: "cancelled" } : undefined),
    });
    assert.deepEqual(cancelled.warnings, ["half-redone: 3_x has been rolled back and is pending."]);
    const advice = cancelled.events.flatMap((event) =>
      event.type === "log" ? hintLines(event.hints) : [],
    );
    assert.deepEqual(advice, ["hasura-migrate dev-3"]);
  });

  /** Another run applies 3, or rolls it back, when the first step of this run is sent. */
  const meanwhile = (given: Given, ...afterwards: string[]) =>
    run({
      ...given,
      ends: (_, nth) => (nth === 0 ? replan : undefined),
      store: { read: () => Promise.resolve(new Map(Object.entries(applied(...afterwards)))) },
    });
  const two = applied("1", "2");

  test("of a rollback is abandoned if it would roll back something that was not in the first plan", async () => {
    for (const operation of ["down", "redo"] as const) {
      const ran = await meanwhile({ operation, recorded: two }, "1", "2", "3");
      assert.deepEqual(ran.ran, ["down 2"]);
      const { kind, code, message } = failureOf(ran);
      assert.deepEqual([kind, code], ["busy", "plan-outdated"]);
      assert.match(message, /: it would now roll back 3_x, which was not in the plan\.$/);
    }
    const redo = { operation: "redo", recorded: two, options: { version: "2" } } as const;
    const named = await meanwhile(redo, "1", "2", "3");
    assert.deepEqual(named.ran, ["down 2", "down 2", "up 2"]);
  });

  test("of a confirmed plan is abandoned if it would apply something that was not confirmed", async () => {
    const confirmed = (await run({ recorded: two, options: { dryRun: true } })).events;
    const plan = confirmed.find((event) => event.type === "plan");
    const expectedPlan = plan?.type === "plan" ? plan.fingerprint : undefined;
    const ran = await meanwhile({ recorded: two, options: { expectedPlan } }, "1");
    assert.match(failureOf(ran).message, /: it would now apply 2_x, which was not in the plan\.$/);
    assert.deepEqual(ran.ran, ["up 3"]);
    assert.deepEqual((await meanwhile({ recorded: two }, "1")).ran, ["up 3", "up 2", "up 3"]);
  });

  test("ends the run if the new plan is refused; what was done is reported and reloaded", async () => {
    const interrupted = { ...applied("1"), "2": { state: "interrupted" } as const };
    const ran = await run({
      ends: (_, nth) => (nth === 1 ? replan : undefined),
      store: { read: () => Promise.resolve(new Map(Object.entries(interrupted))) },
    });
    assert.equal(failureOf(ran).code, "interrupted");
    assert.deepEqual([ran.ran, ran.applied, ran.notReached], [["up 1", "up 2"], 1, 2]);
    assert(ran.calls.includes("reloadMetadata"));
  });

  test("is abandoned after twenty attempts", async () => {
    const ran = await run({ ends: () => replan });
    assert.equal(failureOf(ran).code, "plan-outdated");
    assert.deepEqual(hintLines(failureOf(ran).hints), ["retry"]);
    assert.deepEqual([ran.ran.length, ran.plans.length, ran.notReached], [20, 20, 3]);
  });

  test("is empty, if something else applied the rest", async () => {
    const ran = await run({
      store: { read: () => Promise.resolve(new Map(Object.entries(three))) },
      ends: (_, nth) => (nth === 1 ? replan : undefined),
    });
    assert.deepEqual([ran.applied, ran.notReached, ran.stop], [1, 0, undefined]);
    assert.deepEqual(ran.plans, [["1", "2", "3"], []]);
    assert(ran.calls.includes("reloadMetadata"));
  });
});

describe("a commit that did not happen", () => {
  /** Loses these versions once, after they were reported as done. */
  const losing = (...versions: string[]): Pick<MigrationStore, "confirm"> => {
    const answers = [versions];
    return { confirm: () => Promise.resolve(answers.pop() ?? []) };
  };

  test("is a warning, and is planned again", async () => {
    const committed = applied("1", "2");
    const ran = await run({
      store: {
        ...losing("3"),
        read: () => Promise.resolve(new Map(Object.entries(committed))),
      },
    });
    assert.deepEqual(ran.ran, ["up 1", "up 2", "up 3", "up 3"]);
    assert.deepEqual([ran.applied, ran.stop], [3, undefined]);
    assert.deepEqual(ran.warnings, [
      "commit-lost: default: Hasura reported success, but 3 did not commit; replanning.",
    ]);
  });

  test("again and again ends the run", async () => {
    const ran = await run({
      store: {
        confirm: () => Promise.resolve(["3"]),
        read: () => Promise.resolve(new Map(Object.entries(applied("1", "2")))),
      },
    });
    assert.match(failureOf(ran).message, /: a commit did not happen\.$/);
    assert.deepEqual([ran.plans.length, ran.applied], [20, 2]);
  });

  /** A redo of 2 that loses a commit, where these versions are applied afterwards. */
  const losingRedo = (afterwards: readonly string[], ends?: Given["ends"]) =>
    run({
      operation: "redo",
      recorded: applied("1", "2"),
      files: ["1", "2"],
      store: {
        ...losing("2"),
        read: () => Promise.resolve(new Map(Object.entries(applied(...afterwards)))),
      },
      ...(ends && { ends }),
    });

  test("of the second half of a redo is planned again, and not rolled back again", async () => {
    const ran = await losingRedo(["1"]);
    assert.deepEqual(ran.ran, ["down 2", "up 2", "up 2"]);
    assert.deepEqual([ran.applied, ran.stop], [2, undefined]);
  });

  test("of the first half of a redo is planned again with both", async () => {
    const ran = await losingRedo(["1", "2"], (_, nth) => (nth === 1 ? replan : undefined));
    assert.deepEqual(ran.ran, ["down 2", "up 2", "down 2", "up 2"]);
    assert.deepEqual([ran.applied, ran.stop], [2, undefined]);
  });
});

describe("a run in slices", () => {
  test("pauses when its share of the time is up, after some progress", async () => {
    let clock = 1000;
    const ran = await run({
      options: { sliceMs: 1000 },
      engine: { now: () => clock },
      store: {
        canResume: true,
        run: () => {
          clock += 600;
          return Promise.resolve({ outcome: "done", notices: [] });
        },
      },
    });
    assert.deepEqual([ran.applied, ran.notReached, ran.stop?.stop], [2, 1, "paused"]);
  });

  /** Each migration takes 600 ms of a share of a second; `ends` is asked afterwards. */
  function sliced(ends: Given["ends"], store: Partial<MigrationStore> = {}) {
    let clock = 0;
    return run({
      options: { sliceMs: 1000 },
      engine: { now: () => clock },
      store: { canResume: true, ...store },
      ends: (step, nth) => {
        clock += 600;
        return ends?.(step, nth);
      },
    });
  }

  test("counts what earlier plans of the run have done as progress", async () => {
    const ran = await sliced((_, nth) => (nth === 1 ? replan : undefined));
    assert.deepEqual([ran.ran, ran.applied, ran.stop?.stop], [["up 1", "up 2"], 1, "paused"]);
  });

  test("makes progress even if its time is up, if the earlier plans did nothing", async () => {
    const ran = await sliced((_, nth) => (nth < 2 ? replan : undefined));
    assert.deepEqual(ran.ran, ["up 1", "up 1", "up 1"]);
    assert.deepEqual([ran.applied, ran.stop?.stop], [1, "paused"]);
    const late = { remainingMs: () => 59_999 };
    const short = await run({ engine: late, store: { canResume: true } });
    assert.deepEqual([short.ran, short.stop?.stop], [["up 1"], "paused"]);
  });

  test("pauses even if not everything is recorded yet: the next invocation finishes that", async () => {
    const settle = () => Promise.reject(new Error("not recorded"));
    assert.equal((await sliced(undefined, { settle })).stop?.stop, "paused");
  });

  test("pauses between the halves of a redo without a warning, because it continues", async () => {
    const ran = await run({
      operation: "redo",
      recorded: applied("1"),
      engine: { remainingMs: () => 59_999 },
      store: { canResume: true },
    });
    assert.deepEqual([ran.ran, ran.stop?.stop, ran.warnings], [["down 1"], "paused", []]);
  });

  test("that was confirmed does not pause while a database without a ledger has steps left", async () => {
    let clock = 0;
    const slow = storeOf({
      canResume: true,
      run: () => {
        clock += 600;
        return Promise.resolve({ outcome: "done", notices: [] });
      },
    });
    const others = [databaseOf({ name: "a", files: ["1", "2", "3"], store: slow })];
    const engine = { now: () => clock };
    const shown = await run({ others, options: { dryRun: true } });
    const plan = shown.events.find((event) => event.type === "plan");
    const expectedPlan = plan?.type === "plan" ? plan.fingerprint : undefined;
    const bound = await run({ others, engine, options: { expectedPlan, sliceMs: 1000 } });
    assert.deepEqual([bound.applied, bound.stop], [6, undefined]);
    clock = 0;
    const unbound = await run({ others, engine, options: { sliceMs: 1000 } });
    assert.deepEqual([unbound.applied, unbound.stop?.stop], [2, "paused"]);
  });

  test("does not pause without a time limit", async () => {
    assert.equal((await run({ store: { canResume: true } })).stop, undefined);
  });
});
