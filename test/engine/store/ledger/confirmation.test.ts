import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Confirmation, type DoneStep } from "../../../../src/engine/store/ledger/confirmation.ts";

const up = (version: string): DoneStep => ({ version, direction: "up" });
const down = (version: string): DoneStep => ({ version, direction: "down" });

/** A run that found generation 10 and has applied 1, 2 and 3. */
function threeApplied(): Confirmation {
  const confirmation = new Confirmation(10n);
  confirmation.stepDone(up("1"), 10n);
  confirmation.stepDone(up("2"), 11n);
  confirmation.stepDone(up("3"), 12n);
  return confirmation;
}

describe("confirmation", () => {
  test("nothing is in question before the first step", () => {
    const confirmation = new Confirmation(10n);
    assert.equal(confirmation.isPending, false);
    assert.equal(confirmation.generation, 10n);
    assert.deepEqual(confirmation.takeLost(), []);
  });

  test("a step confirms the one before it and stays in question itself", () => {
    const confirmation = new Confirmation(10n);
    assert.equal(confirmation.stepDone(up("1"), 10n), undefined);
    assert.deepEqual(confirmation.stepDone(down("2"), 11n), up("1"));
    assert.deepEqual(confirmation.stepDone(up("3"), 12n), down("2"));
    assert.equal(confirmation.isPending, true);
    assert.equal(
      confirmation.generation,
      12n,
      "the generation of the last step is not certain yet",
    );
  });

  test("reading the ledger confirms the last step and its generation", () => {
    const confirmation = threeApplied();
    const result = confirmation.check(new Set(["1", "2", "3"]), 13n, 13n);
    assert.deepEqual(result, { undone: [], confirmed: up("3") });
    assert.equal(confirmation.generation, 13n);
    assert.equal(confirmation.isPending, false);
    assert.deepEqual(confirmation.takeLost(), []);
  });

  test("a last step that the ledger does not show is lost, and is not confirmed", () => {
    const confirmation = threeApplied();
    assert.deepEqual(confirmation.check(new Set(["1", "2"]), 13n, 12n), { undone: [] });
    assert.equal(confirmation.generation, 12n);
    assert.equal(confirmation.isPending, false);
    assert.deepEqual(confirmation.takeLost(), ["3"]);
    assert.deepEqual(confirmation.takeLost(), [], "lost versions are answered once");
  });

  test("an earlier step that the ledger does not show is undone, and the generation is unchanged", () => {
    const confirmation = threeApplied();
    const result = confirmation.check(new Set(["1", "3"]), 13n, 13n);
    assert.deepEqual(result, { undone: [up("2")], confirmed: up("3") });
    assert.equal(confirmation.generation, 12n);
    assert.deepEqual(confirmation.takeLost(), ["2"]);
  });

  test("a lost step is not checked a second time", () => {
    const confirmation = threeApplied();
    confirmation.check(new Set(["1", "2"]), 13n, 12n);
    confirmation.takeLost();
    confirmation.stepDone(up("4"), 12n);
    const result = confirmation.check(new Set(["1", "2", "4"]), 13n, 13n);
    assert.deepEqual(result, { undone: [], confirmed: up("4") });
    assert.deepEqual(confirmation.takeLost(), []);
  });

  test("a version that was rolled back is confirmed when the ledger no longer holds it", () => {
    const confirmation = new Confirmation(10n);
    confirmation.stepDone(down("1"), 10n);
    assert.deepEqual(confirmation.check(new Set(), 11n, 11n), { undone: [], confirmed: down("1") });
  });

  test("for a version that was rolled back and applied again, only the last direction counts", () => {
    const confirmation = new Confirmation(10n);
    confirmation.stepDone(down("1"), 10n);
    assert.deepEqual(confirmation.stepDone(up("1"), 11n), down("1"));
    assert.deepEqual(confirmation.check(new Set(["1"]), 12n, 12n), {
      undone: [],
      confirmed: up("1"),
    });
  });

  test("both halves of a redo are lost if the ledger never reached their generations", () => {
    const confirmation = new Confirmation(5n);
    confirmation.stepDone(down("2"), 5n);
    confirmation.stepDone(up("2"), 6n);
    const result = confirmation.check(new Set(["2"]), 7n, 5n);
    assert.deepEqual(result, { undone: [down("2")] });
    assert.equal(confirmation.generation, 5n);
    assert.deepEqual(confirmation.takeLost(), ["2", "2"]);
  });

  test("a generation that was read in the ledger is certain", () => {
    const confirmation = new Confirmation(10n);
    confirmation.reached(15n);
    assert.equal(confirmation.generation, 15n);
  });
});
