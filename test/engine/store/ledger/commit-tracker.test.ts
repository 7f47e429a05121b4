import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  CommitTracker,
  type DoneStep,
} from "../../../../src/engine/store/ledger/commit-tracker.ts";

const up = (version: string): DoneStep => ({ version, direction: "up" });
const down = (version: string): DoneStep => ({ version, direction: "down" });

/** A run that found generation 10 and has applied 1, 2 and 3. */
function threeApplied(): CommitTracker {
  const commits = new CommitTracker(10n);
  commits.stepDone(up("1"), 10n);
  commits.stepDone(up("2"), 11n);
  commits.stepDone(up("3"), 12n);
  return commits;
}

describe("commits", () => {
  test("nothing is in question before the first step", () => {
    const commits = new CommitTracker(10n);
    assert.equal(commits.isPending, false);
    assert.equal(commits.generation, 10n);
    assert.deepEqual(commits.takeLost(), []);
  });

  test("a step confirms the one before it and stays in question itself", () => {
    const commits = new CommitTracker(10n);
    assert.equal(commits.stepDone(up("1"), 10n), undefined);
    assert.deepEqual(commits.stepDone(down("2"), 11n), up("1"));
    assert.deepEqual(commits.stepDone(up("3"), 12n), down("2"));
    assert.equal(commits.isPending, true);
    assert.equal(commits.generation, 12n, "the generation of the last step is not certain yet");
  });

  test("reading the ledger confirms the last step and its generation", () => {
    const commits = threeApplied();
    const result = commits.check(new Set(["1", "2", "3"]), 13n, 13n);
    assert.deepEqual(result, { undone: [], confirmed: up("3") });
    assert.equal(commits.generation, 13n);
    assert.equal(commits.isPending, false);
    assert.deepEqual(commits.takeLost(), []);
  });

  test("a last step that the ledger does not show is lost, and is not confirmed", () => {
    const commits = threeApplied();
    assert.deepEqual(commits.check(new Set(["1", "2"]), 13n, 12n), { undone: [] });
    assert.equal(commits.generation, 12n);
    assert.equal(commits.isPending, false);
    assert.deepEqual(commits.takeLost(), ["3"]);
    assert.deepEqual(commits.takeLost(), [], "lost versions are answered once");
  });

  test("an earlier step that the ledger does not show is undone, and the generation is unchanged", () => {
    const commits = threeApplied();
    const result = commits.check(new Set(["1", "3"]), 13n, 13n);
    assert.deepEqual(result, { undone: [up("2")], confirmed: up("3") });
    assert.equal(commits.generation, 12n);
    assert.deepEqual(commits.takeLost(), ["2"]);
  });

  test("a lost step is not checked a second time", () => {
    const commits = threeApplied();
    commits.check(new Set(["1", "2"]), 13n, 12n);
    commits.takeLost();
    commits.stepDone(up("4"), 12n);
    const result = commits.check(new Set(["1", "2", "4"]), 13n, 13n);
    assert.deepEqual(result, { undone: [], confirmed: up("4") });
    assert.deepEqual(commits.takeLost(), []);
  });

  test("a version that was rolled back is confirmed when the ledger no longer holds it", () => {
    const commits = new CommitTracker(10n);
    commits.stepDone(down("1"), 10n);
    assert.deepEqual(commits.check(new Set(), 11n, 11n), { undone: [], confirmed: down("1") });
  });

  test("for a version that was rolled back and applied again, only the last direction counts", () => {
    const commits = new CommitTracker(10n);
    commits.stepDone(down("1"), 10n);
    assert.deepEqual(commits.stepDone(up("1"), 11n), down("1"));
    assert.deepEqual(commits.check(new Set(["1"]), 12n, 12n), {
      undone: [],
      confirmed: up("1"),
    });
  });

  test("both halves of a redo are lost if the ledger never reached their generations", () => {
    const commits = new CommitTracker(5n);
    commits.stepDone(down("2"), 5n);
    commits.stepDone(up("2"), 6n);
    const result = commits.check(new Set(["2"]), 7n, 5n);
    assert.deepEqual(result, { undone: [down("2")] });
    assert.equal(commits.generation, 5n);
    assert.deepEqual(commits.takeLost(), ["2", "2"]);
  });

  test("a generation that was read in the ledger is certain", () => {
    const commits = new CommitTracker(10n);
    commits.reached(15n);
    assert.equal(commits.generation, 15n);
  });
});
