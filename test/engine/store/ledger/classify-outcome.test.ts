import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { SeedStep, Step } from "../../../../src/engine/store/store.ts";
import { HasuraCallError } from "../../../../src/engine/hasura/client.ts";
import { sqlstate } from "../../../../src/engine/store/ledger/constants.ts";
import type { LedgerSnapshot } from "../../../../src/engine/store/ledger/snapshot.ts";
import { classifyOutcome } from "../../../../src/engine/store/ledger/classify-outcome.ts";

const step = (more: Partial<Step> = {}): Step => ({
  database: { name: "default", kind: "postgres" },
  version: "5",
  name: "x",
  direction: "up",
  sql: "SELECT 1",
  checksum: "sum",
  noTransaction: false,
  ...more,
});
const snapshot = (more: Partial<LedgerSnapshot> = {}): LedgerSnapshot => ({
  schemaVersion: 1,
  generation: 4n,
  synced: 4n,
  cancelAsked: false,
  begun: true,
  runIdTaken: false,
  deliveredTwice: false,
  applied: new Map(),
  gone: new Map(),
  seeds: new Map(),
  others: [],
  ...more,
});

const broken = new HasuraCallError("unknown", "the connection broke");
const gateway = new HasuraCallError("unknown", "something else answered", { status: 504 });
const hidden = new HasuraCallError("rejected", "query execution failed", {
  status: 400,
  code: "postgres-error",
});
const refused = (state: string): HasuraCallError =>
  new HasuraCallError("rejected", "no", { status: 400, database: { sqlstate: state } });

const row = (generation: bigint, run: string): LedgerSnapshot["applied"] =>
  new Map([["5", { generation, run }]]);
const holder = { pid: 7, state: "active" };
const rehearsal = { ...holder, rehearsal: { by: "ada (laptop)" } };
const running = (
  run: string,
  alive: boolean,
  version = "5",
): NonNullable<LedgerSnapshot["running"]> => ({
  version,
  name: "x",
  run,
  pid: 7,
  outside: true,
  alive,
});

/** Another migration, at the generation that our own last step had made. */
const taken: LedgerSnapshot["applied"] = new Map([["9", { generation: 4n, run: "other" }]]);

const table: [
  name: string,
  ledger: Partial<LedgerSnapshot>,
  error: HasuraCallError,
  expected: string,
  step?: Partial<Step>,
][] = [
  [
    "the answer was lost, and the row is there",
    { generation: 5n, applied: row(5n, "me") },
    broken,
    "done",
  ],
  [
    "a later run has continued meanwhile",
    { generation: 9n, applied: row(5n, "me") },
    gateway,
    "done",
  ],
  [
    "an error was answered, and the row is there anyway",
    { generation: 5n, applied: row(5n, "me") },
    refused("23505"),
    "done",
  ],
  ["another run did it", { generation: 5n, applied: row(5n, "other") }, broken, "skipped"],
  ["it was there before", { applied: row(2n, "me") }, refused(sqlstate.done), "skipped"],
  ["the answer was lost, and nothing is there", {}, broken, "again"],
  ["a gateway answered, and nothing is there", {}, gateway, "again"],
  [
    "the answer was lost, and a file outside a transaction left nothing",
    {},
    broken,
    "failed",
    { noTransaction: true },
  ],
  ["the answer was lost, and a migration is running", { holder }, broken, "wait outcome"],
  ["the lock was taken, and still is", { holder }, refused(sqlstate.busy), "wait lock"],
  ["the lock was taken, and is free again", {}, refused(sqlstate.busy), "again"],
  ["the error is unknown, and a migration is running", { holder }, hidden, "wait lock"],
  ["the lock is a rehearsal's", { holder: rehearsal }, refused(sqlstate.busy), "wait lock"],
  [
    "the lock is a rehearsal's, and internals are hidden",
    { holder: rehearsal },
    hidden,
    "wait lock",
  ],
  ["the answer was lost, and a rehearsal has the lock", { holder: rehearsal }, broken, "wait lock"],
  ["the error is unknown, and nothing is running", {}, hidden, "failed"],
  [
    "the database refused it, and another run is working since",
    { holder },
    refused("42P07"),
    "failed",
  ],
  ["the database refused it", {}, refused("42P07"), "failed"],
  ["the ledger has changed", { generation: 6n }, refused(sqlstate.moved), "replan"],
  ["the ledger has changed, and internals are hidden", { generation: 6n }, hidden, "replan"],
  ["our own generation is another run's", {}, refused(sqlstate.moved), "replan"],
  ["the same, and internals are hidden", { applied: taken }, hidden, "replan"],
  ["a lock timeout", {}, refused("55P03"), "again"],
  ["a deadlock", {}, refused("40P01"), "again"],
  ["a cancelled statement", {}, refused("57014"), "failed"],
  ["the server shut down", {}, refused("57P01"), "again"],
  ["the run was cancelled", { cancelAsked: true }, refused(sqlstate.cancelled), "cancelled"],
  [
    "the run was cancelled, and the migration is there",
    { cancelAsked: true, generation: 5n, applied: row(5n, "me") },
    broken,
    "done",
  ],
  [
    "this run's file is still running outside a transaction",
    { generation: 5n, running: running("me", true) },
    broken,
    "wait outcome",
  ],
  [
    "another run's file is still running outside a transaction",
    { generation: 5n, running: running("other", true) },
    refused(sqlstate.inDoubt),
    "wait lock",
  ],
  [
    "ours broke off",
    { generation: 5n, running: running("me", false) },
    refused("22012"),
    "interrupted",
  ],
  [
    "another run's broke off",
    { generation: 5n, running: running("other", false, "4") },
    refused(sqlstate.inDoubt),
    "replan",
  ],
  [
    "a rollback whose answer was lost, and it took effect",
    { generation: 5n, gone: new Map([["5", 5n]]) },
    broken,
    "done",
    { direction: "down" },
  ],
  [
    "a rollback of another run",
    { generation: 5n, gone: new Map([["5", 3n]]) },
    broken,
    "skipped",
    { direction: "down" },
  ],
  [
    "a rollback whose answer was lost, and nothing happened",
    { applied: row(2n, "other") },
    broken,
    "again",
    { direction: "down" },
  ],
];

const seed: SeedStep = {
  database: { name: "default", kind: "postgres" },
  direction: "seed",
  name: "01_a.sql",
  sql: "SELECT 1",
  checksum: "sum",
  noTransaction: false,
};
const seedTable: [
  name: string,
  ledger: Partial<LedgerSnapshot>,
  error: HasuraCallError,
  expected: string,
][] = [
  [
    "the answer was lost, and it is there",
    { generation: 5n, seeds: new Map([[5n, "01_a.sql"]]) },
    broken,
    "done",
  ],
  [
    "an earlier time that this run has run it does not count",
    { seeds: new Map([[3n, "01_a.sql"]]) },
    broken,
    "again",
  ],
  ["the answer was lost, and nothing is there", {}, broken, "again"],
  ["the answer was lost, and it may still be running", { holder }, broken, "wait outcome"],
  ["another run has changed the ledger", { generation: 5n }, broken, "replan"],
  ["the ledger has moved, by what the database reports", {}, refused(sqlstate.moved), "replan"],
  ["another run is in the middle of something", { holder }, refused(sqlstate.busy), "wait lock"],
  ["the run was cancelled", { cancelAsked: true }, broken, "cancelled"],
  [
    "a migration of another run is interrupted",
    { running: running("other", false) },
    broken,
    "replan",
  ],
  ["the database refused it", {}, refused("23505"), "failed"],
  ["a lock timeout", {}, refused("55P03"), "again"],
];

describe("classify outcome", () => {
  for (const [name, ledger, error, expected, more] of table) {
    test(`after a failed request: ${name}: ${expected}`, () => {
      const next = classifyOutcome(
        step(more),
        "me",
        { generation: 4n, ownGeneration: true, inFlightUpTo: 0n },
        snapshot(ledger),
        error,
      );
      assert.equal(next.do === "wait" ? `wait ${next.for}` : next.do, expected);
    });
  }

  for (const [name, ledger, error, expected] of seedTable) {
    test(`after a failed request of a seed: ${name}: ${expected}`, () => {
      const expectedPosition = { generation: 4n, ownGeneration: false, inFlightUpTo: 0n };
      const next = classifyOutcome(seed, "me", expectedPosition, snapshot(ledger), error);
      assert.equal(next.do === "wait" ? `wait ${next.for}` : next.do, expected);
    });
  }

  test("after a failed request: the generation was another run's from the beginning, and internals are hidden: failed", () => {
    assert.equal(
      classifyOutcome(
        step(),
        "me",
        { generation: 4n, ownGeneration: false, inFlightUpTo: 0n },
        snapshot({ applied: taken }),
        hidden,
      ).do,
      "failed",
    );
  });

  for (const [what, error, isOver] of [
    ["was refused: nothing of it runs", refused(sqlstate.busy), true],
    ["was not answered: it may still begin", broken, false],
  ] as const)
    test(`after a request that ${what}`, () => {
      for (const by of [rehearsal, ...(isOver ? [holder] : [])]) {
        const next = classifyOutcome(
          step(),
          "me",
          { generation: 4n, ownGeneration: true, inFlightUpTo: 0n },
          snapshot({ holder: by }),
          error,
        );
        assert.equal(next.do === "wait" && next.for === "lock" && next.isOver, isOver);
      }
    });

  test("after a failed request: the lock is taken, and a request of ours whose answer was lost may have it: wait for the outcome", () => {
    const next = classifyOutcome(
      step(),
      "me",
      { generation: 4n, ownGeneration: true, inFlightUpTo: 5n },
      snapshot({ holder }),
      refused(sqlstate.busy),
    );
    assert.equal(next.do === "wait" && next.for, "outcome");
  });
});
