import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  onCancelResult,
  onInterrupt,
  onSignal,
  onStarted,
  type StopState,
  type StopTransition,
} from "../../../src/cli/run/cancellation.ts";
import { detachedFailure } from "../../../src/cli/run/cancel-messages.ts";
import { runHint } from "../../../src/protocol/hint.ts";
import {
  item,
  ledgerOperations,
  migrationStarted,
  plan,
  started,
} from "../../support/run-events.ts";
import { newRun } from "../../../src/cli/run/run-state.ts";
import { requestFor, runAfter, runId } from "./support/runs.ts";

const begun = started("dev-3", { operations: ledgerOperations });
const runs = {
  "a run that has not started": runAfter([]),
  "a run that can be cancelled": runAfter([begun]),
  "a run of a function without cancel": runAfter([started()]),
  "a run that changes nothing": runAfter([begun], { changes: false }),
  "an embedded run": runAfter([begun], { environment: "local" }),
} as const;
type Run = keyof typeof runs;

const detach: StopTransition = { state: "detached", effect: "detach" };
const stayDetached: StopTransition = { state: "detached" };
const interrupts: readonly (readonly [Run, StopState, StopTransition])[] = [
  ["a run that has not started", "running", { state: "stop-pending" }],
  ["a run that has not started", "stop-pending", detach],
  ["a run that can be cancelled", "running", { state: "stop-requested", effect: "cancel" }],
  ["a run that can be cancelled", "stop-requested", detach],
  ["a run that can be cancelled", "stop-accepted", detach],
  ["a run that can be cancelled", "stop-failed", detach],
  ["a run that can be cancelled", "detached", stayDetached],
  ["a run of a function without cancel", "running", detach],
  ["a run that changes nothing", "running", detach],
  ["an embedded run", "running", detach],
  ["an embedded run", "detached", stayDetached],
];

describe("stop state", () => {
  for (const [run, state, transition] of interrupts) {
    const effect = transition.effect ?? "nothing";
    test(`an interrupt of ${run}, ${state}: ${transition.state}, ${effect} to do`, () =>
      assert.deepEqual(onInterrupt(state, runs[run]), transition));
  }

  const soon = { leaveSoon: true } as const;
  const terminations: readonly (readonly [Run, StopState, StopTransition])[] = [
    ["a run that has not started", "running", { state: "stop-pending", ...soon }],
    [
      "a run that can be cancelled",
      "running",
      { state: "stop-requested", effect: "cancel", ...soon },
    ],
    ["a run that can be cancelled", "stop-requested", { state: "stop-requested", ...soon }],
    ["a run that can be cancelled", "stop-accepted", { state: "stop-accepted", ...soon }],
    ["a run that can be cancelled", "stop-failed", { state: "stop-failed", ...soon }],
    ["a run that can be cancelled", "detached", stayDetached],
    ["a run of a function without cancel", "running", detach],
    ["a run that changes nothing", "running", detach],
    ["an embedded run", "running", detach],
  ];
  for (const [run, state, transition] of terminations) {
    test(`SIGTERM to ${run}, ${state}: ${transition.state}${transition.leaveSoon ? ", and leave soon" : ""}`, () =>
      assert.deepEqual(onSignal("terminate", state, runs[run]), transition));
  }

  for (const state of ["running", "stop-pending", "stop-requested", "stop-accepted"] as const) {
    test(`SIGHUP, ${state}: detached, and nothing is asked`, () =>
      assert.deepEqual(onSignal("hangup", state, runs["a run that can be cancelled"]), detach));
  }

  test("Ctrl-C is an interrupt", () => {
    const run = runs["a run that can be cancelled"];
    assert.deepEqual(onSignal("interrupt", "running", run), onInterrupt("running", run));
  });

  const starts: readonly (readonly [Run, StopState, StopTransition])[] = [
    ["a run that can be cancelled", "running", { state: "running" }],
    ["a run that can be cancelled", "stop-pending", { state: "stop-requested", effect: "cancel" }],
    ["a run of a function without cancel", "stop-pending", detach],
    // The second invocation of a run that was paused starts as well.
    ["a run that can be cancelled", "stop-requested", { state: "stop-requested" }],
  ];

  for (const [run, state, transition] of starts) {
    test(`the start of ${run}, ${state}: ${transition.state}`, () =>
      assert.deepEqual(onStarted(state, runs[run]), transition));
  }

  for (const [state, accepted, next] of [
    ["stop-requested", true, "stop-accepted"],
    ["stop-requested", false, "stop-failed"],
    ["detached", true, "detached"],
  ] as const) {
    test(`a cancel request that is ${accepted ? "accepted" : "refused"}, ${state}: ${next}`, () =>
      assert.deepEqual(onCancelResult(state, accepted), { state: next }));
  }

  const inMigration = [begun, plan([item("1", "one")]), migrationStarted("1", "one")];
  const cancel = runHint(["cancel", "dev-3", "--run", runId], "to stop it");
  const history = runHint(["history", "dev-3", "--run", runId], "to check on it");

  for (const [state, events, message, hints] of [
    [
      "running",
      [],
      "Detached. The run continues on the server.",
      [runHint(["status", "dev-3"], "to check on it")],
    ],
    ["stop-failed", [begun], "Detached. The run continues on the server.", [history]],
    [
      "stop-pending",
      [begun],
      "Detached. The run was not asked to stop and may continue to its end.",
      [history],
    ],
    [
      "stop-requested",
      [begun],
      "Detached. The stop request was not confirmed: the run may continue to its end.",
      [cancel, history],
    ],
    ["stop-accepted", [begun], "Detached. The run will start no further migration.", [history]],
    [
      "stop-accepted",
      inMigration,
      "Detached. The run will stop after the current migration.",
      [history],
    ],
  ] as const) {
    test(`detached, ${state}, ${events.length} events: ${message}`, () => {
      const failure = detachedFailure(runAfter(events), state);
      assert.equal(failure.code, "detached");
      assert.equal(failure.message, message);
      assert.deepEqual(failure.hints, hints);
    });
  }

  for (const [transaction, message] of [
    [true, "Interrupted during 1 one: it was rolled back, unless it had just committed."],
    [
      false,
      "Interrupted during 1 one: it runs outside a transaction, so anything it had already done remains.",
    ],
  ] as const) {
    test(`an embedded run that is interrupted ${transaction ? "in" : "outside"} a transaction: ${message}`, () => {
      const events = [
        begun,
        plan([item("1", "one", { transaction })]),
        migrationStarted("1", "one"),
      ];
      const failure = detachedFailure(runAfter(events, { environment: "local" }), "running");
      assert.equal(failure.message, message);
      assert.deepEqual(
        failure.hints.map(({ kind }) => kind),
        ["retry", "command"],
      );
    });
  }
});

describe("a rehearsal that is interrupted", () => {
  for (const [environment, message] of [
    [
      "dev-3",
      "Interrupted. The rehearsal may continue in the database for up to 60 s, and holds its locks until it is rolled back.",
    ],
    ["local", "Interrupted."],
  ] as const)
    test(`in ${environment}: ${message}`, () => {
      const run = newRun(requestFor(environment, "rehearse"), false);
      assert.equal(detachedFailure(run, "running").message, message);
    });
});
