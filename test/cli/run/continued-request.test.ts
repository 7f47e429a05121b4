import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { continuedRequest } from "../../../src/cli/run/continued-request.ts";
import { newRun, reduceRun } from "../../../src/cli/run/run-state.ts";
import { Request } from "../../../src/protocol/request.ts";
import { item, plan } from "../../support/run-events.ts";
import { eventOf, runId } from "./support/runs.ts";

/** The options that are sent after a pause in which so much was done. */
function optionsAfter(operation: string, options: object, applied: number): unknown {
  const request = Request.parse({
    ...{ contract: 1, runId, environment: "dev-3", operation, options },
    actor: { user: "alice", host: "laptop" },
  });
  const paused = { type: "run.paused", reason: "time", applied, notReached: 1, tookMs: 1 };
  const run = [plan([item("2", "b", { direction: "down" }), item("2", "b")]), paused]
    .map(eventOf)
    .reduce(reduceRun, newRun(request, true));
  return JSON.parse(JSON.stringify(continuedRequest(request, run, 2).options));
}

describe("continued request", () => {
  test("the count is reduced by what is done: three migrations are rolled back, not more", () => {
    assert.deepEqual(optionsAfter("down", { steps: 3 }, 2), { steps: 1 });
    assert.deepEqual(optionsAfter("apply", { steps: 10, waitSeconds: 5 }, 4), {
      steps: 6,
      waitSeconds: 5,
    });
    assert.deepEqual(optionsAfter("apply", {}, 4), {});
  });

  test("the rest of a plan that was confirmed is still bound to it", () => {
    const options = { all: true, expectedPlan: "f00d" };
    assert.deepEqual(optionsAfter("down", options, 2), options);
  });

  test("a reset continues with all of its options, as a later part", () => {
    const options = { keep: true, changed: true, expectedPlan: "f00d" };
    assert.deepEqual(optionsAfter("reset-to", options, 3), options);
  });

  test("a redo continues with the same migration", () => {
    assert.deepEqual(optionsAfter("redo", { expectedPlan: "f00d" }, 1), {
      version: "2",
      expectedPlan: "f00d",
    });
    assert.deepEqual(optionsAfter("redo", { version: "7" }, 1), { version: "7" });
  });
});
