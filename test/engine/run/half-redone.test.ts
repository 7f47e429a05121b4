import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { halfRedoneFailure } from "../../../src/engine/run/half-redone.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { retryHint, textHint, type Hint } from "../../../src/protocol/hint.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { readyStep } from "../support/ready-steps.ts";

const failing = (...hints: Hint[]): Failure =>
  new Failure("migration", "sql-failed", "It failed.", { hints });

/** What the failure of this step becomes. */
function becomes(failure: unknown, { redone = true, database = "default" } = {}): unknown {
  const step = { ...readyStep("3", { database }), redone };
  return halfRedoneFailure(failure, step, "dev-3");
}

function hintsOf(failure: unknown): string[] {
  assert(failure instanceof Failure);
  assert.deepEqual([failure.code, failure.message], ["sql-failed", "It failed."]);
  return hintLines(failure.hints);
}

describe("a failure of the second half of a redo", () => {
  const pending = "3_x has been rolled back and is pending.";

  test("names apply in place of the same command, for the same reason", () => {
    const failure = becomes(failing(textHint("Look."), retryHint({ reason: "once it is fixed" })));
    assert.deepEqual(hintsOf(failure), [pending, "Look.", "hasura-migrate dev-3"]);
    const [, , apply] = failure instanceof Failure ? failure.hints : [];
    assert.equal(apply?.kind === "command" && apply.reason, "once it is fixed");
  });

  test("names apply if nothing was to be repeated", () => {
    assert.deepEqual(hintsOf(becomes(failing(textHint("Look.")))), [
      pending,
      "Look.",
      "hasura-migrate dev-3",
    ]);
  });

  test("names the database, unless it is the default one", () => {
    const failure = becomes(failing(retryHint()), { database: "b" });
    assert.deepEqual(hintsOf(failure), [pending, "hasura-migrate dev-3 --database b"]);
  });

  for (const [code, state, reason] of [
    [
      "interrupted",
      "3_x has been rolled back; applying it again was interrupted.",
      "apply it once it is recorded as pending",
    ],
    [
      "outcome-unknown",
      "3_x has been rolled back; it is not known whether it was applied again.",
      "apply it if it was not applied again",
    ],
  ] as const)
    test(`does not call the migration pending if the code is ${code}`, () => {
      const failure = becomes(new Failure("migration", code, "It failed."));
      assert(failure instanceof Failure);
      const [text, apply] = failure.hints;
      assert.deepEqual(text, textHint(state));
      assert.equal(apply?.kind === "command" && apply.reason, reason);
    });

  test("is unchanged if the step belongs to no redo, or the error is unexpected", () => {
    const failure = failing(retryHint());
    assert.equal(becomes(failure, { redone: false }), failure);
    const error = new Error("a bug");
    assert.equal(becomes(error), error);
  });
});
