import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { newRun, reduceRun, serves, withEarlierParts } from "../../../src/cli/run/run-state.ts";
import { eventOf, requestFor, runAfter } from "./support/runs.ts";
import {
  applied,
  failedMigration,
  constraint,
  finished,
  item,
  ledgerOperations,
  migrationStarted,
  plan,
  started,
  status,
} from "../../support/run-events.ts";

const one = ["1700000000100", "one"] as const;
const two = ["1700000000200", "two"] as const;
const waiting = (reason: string): object => ({
  ...{ type: "waiting", reason, message: "waiting", waitedMs: 0 },
});
const paused = (count: number, tookMs: number): object => ({
  ...{ type: "run.paused", reason: "deadline", applied: count, notReached: 1, tookMs },
});

describe("run state", () => {
  test("a migration is the current one from its start to its end, with the transaction mode from the plan", () => {
    const planned = plan([item(...one), item(...two, { transaction: false })]);
    const inFirst = [started(), planned, migrationStarted(...one)];
    assert.deepEqual(runAfter(inFirst).current, {
      ...{ version: one[0], name: "one", transaction: true },
    });
    const inSecond = [...inFirst, applied(...one), migrationStarted(...two)];
    assert.equal(runAfter(inSecond).current?.transaction, false);
    const ends = [
      applied(...two),
      failedMigration(...two, constraint),
      { ...migrationStarted(...two), type: "migration.skipped", reason: "already applied" },
      paused(1, 10),
    ];
    for (const end of ends) assert.equal(runAfter([...inSecond, end]).current, undefined);
  });

  test("the two steps of a redo differ by their direction", () => {
    const steps = plan([
      item(...one, { direction: "down", transaction: false }),
      item(...one, { transaction: true }),
    ]);
    const up = runAfter([started(), steps, migrationStarted(...one)]);
    const down = runAfter([started(), steps, { ...migrationStarted(...one), direction: "down" }]);
    assert.equal(up.current?.transaction, true);
    assert.equal(down.current?.transaction, false);
  });

  for (const [reason, isWaiting] of [
    ["run", true],
    ["lock", true],
    ["hasura", false],
    ["outcome", false],
  ] as const) {
    test(`waiting for ${reason} ${isWaiting ? "means" : "does not mean"} that nothing is in progress`, () => {
      assert.equal(runAfter([started(), waiting(reason)]).waiting, isWaiting);
      for (const event of [plan([item(...one)]), migrationStarted(...one), applied(...one)])
        assert.equal(runAfter([started(), waiting(reason), event]).waiting, false);
    });
  }

  test("the totals of earlier invocations are added to every closing event", () => {
    const run = runAfter([started(), paused(2, 1000)]);
    const whole = withEarlierParts(run, eventOf(paused(3, 500)));
    assert.deepEqual(reduceRun(run, whole).earlier, { applied: 5, tookMs: 1500 });
    const end = withEarlierParts(reduceRun(run, whole), eventOf(finished(1, 30)));
    assert.ok(end.type === "run.finished");
    assert.deepEqual([end.applied, end.tookMs], [6, 1530]);
  });

  for (const [environment, operations, served] of [
    ["dev-3", ledgerOperations, true],
    ["dev-3", ["apply"], false],
    ["local", ledgerOperations, false],
  ] as const) {
    test(`a function of ${environment} with ${operations.length} operations ${served ? "serves" : "does not serve"} history`, () => {
      const run = newRun(requestFor(environment), true);
      assert.equal(serves(run, "history"), false, "nothing is known before the start");
      const begun = reduceRun(run, eventOf(started(environment, { operations })));
      assert.equal(serves(begun, "history"), served);
    });
  }

  for (const [state, differs] of [
    ["applied", false],
    ["pending", true],
    ["changed", true],
    ["dirty", true],
    ["interrupted", true],
    ["unknown", true],
    ["running", true],
  ] as const) {
    test(`a status with a migration that is ${state} ${differs ? "differs" : "does not differ"}`, () => {
      const rows = [
        { version: "1", name: "one", state: "applied" },
        { version: "2", name: "two", state },
      ];
      assert.equal(runAfter([started(), status(rows)]).differs, differs);
    });
  }
});
