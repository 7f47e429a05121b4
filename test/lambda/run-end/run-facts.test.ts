import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  changesOf,
  factsAfter,
  noFacts,
  outcomeOf,
  type RunFacts,
} from "../../../src/lambda/run-end/run-facts.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";
import type { Kind } from "../../../src/protocol/failure.ts";

const migration = { database: "default", version: "1", name: "users", direction: "up" } as const;
const applied: RunEvent = { type: "migration.applied", ...migration, tookMs: 5 };
const rolledBack: RunEvent = { ...applied, direction: "down" };
const marked: RunEvent = {
  type: "migration.marked",
  database: "default",
  version: "1",
  name: "users",
  as: "applied",
};
const deployed: RunEvent = {
  type: "metadata.applied",
  ...{ resourceVersion: 2, objects: 3, tookMs: 5 },
  inconsistent: { broken: [{ type: "table", name: "table a", reason: "r" }], before: 4 },
};
const counts = { applied: 0, notReached: 0, tookMs: 1 };
const finished: RunEvent = { type: "run.finished", ...counts };
const paused: RunEvent = { type: "run.paused", reason: "time", ...counts };
const failed = (kind: Kind, code = "x"): RunEvent => ({
  type: "run.failed",
  ...counts,
  failure: { kind, code, message: "y", hints: [], causes: [] },
});
const failedMigration: RunEvent = {
  type: "migration.failed",
  ...migration,
  tookMs: 5,
  failure: { kind: "migration", code: "x", message: "y", hints: [], causes: [] },
};

const after = (...events: RunEvent[]): RunFacts => events.reduce(factsAfter, noFacts);

describe("the facts of a run", () => {
  test("count what was applied, rolled back and marked", () => {
    const facts = after(applied, rolledBack, applied, marked, finished);
    assert.deepEqual([facts.applied, facts.rolledBack, facts.marked], [2, 1, 1]);
    assert.equal(changesOf(facts), 4);
  });

  test("include what was changed of the metadata, also if only parts of objects were", () => {
    const facts = after(deployed, finished);
    assert.deepEqual(facts.metadata, { objects: 3, inconsistent: 1 });
    assert.equal(changesOf(facts), 3);
    assert.equal(changesOf(after({ ...deployed, objects: 0 }, finished)), 1);
    assert.equal(outcomeOf(after(deployed, failed("busy"))), "failed");
  });

  test("go on after a pause, and not after an end", () => {
    assert.equal(after(applied, paused, applied, finished).applied, 2);
    assert.equal(after(applied, finished, applied, failed("bug")).applied, 1);
    assert.equal(outcomeOf(after(finished, failed("bug"))), "finished");
  });

  test("name the migration that failed", () => {
    assert.deepEqual(after(failedMigration, failed("migration")).failedMigration, migration);
  });

  for (const [what, facts, outcome] of [
    ["finished", after(finished), "finished"],
    ["asked to stop", after({ ...finished, cancelled: true }), "cancelled"],
    ["failed", after(failed("unreachable")), "failed"],
    ["refused because another run is in progress", after(failed("busy")), "refused"],
    ["refused until a loss of data is confirmed", after(failed("usage", "data-loss")), "refused"],
    ["refused for a mistyped version", after(failed("usage", "unknown-version")), "refused"],
    [
      "mistyped, but had applied something",
      after(applied, failed("usage", "not-applied")),
      "failed",
    ],
    ["not possible with the files", after(failed("usage", "bad-directive")), "failed"],
    ["busy after it had applied something", after(applied, failed("busy")), "failed"],
    [
      "delivered twice when it continued",
      after(applied, paused, failed("busy", "delivered-twice")),
      "refused",
    ],
    ["busy in a migration", after(failedMigration, failed("busy")), "failed"],
    ["paused", after(applied, paused), undefined],
    ["killed", after(applied), undefined],
  ] as const)
    test(`a run that was ${what} has the outcome ${String(outcome)}`, () => {
      assert.equal(outcomeOf(facts), outcome);
    });
});
