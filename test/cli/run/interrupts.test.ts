import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { aborted, countInterrupts, unlessAborted } from "../../../src/cli/run/interrupts.ts";

describe("interrupts", () => {
  test("the first two signals abort in order, and the third ends the process", () => {
    let exits = 0;
    const { first, second, onSignal } = countInterrupts(() => (exits += 1));
    const seen = (): unknown[] => [first.aborted, second.aborted, exits];
    assert.deepEqual(seen(), [false, false, 0]);
    onSignal();
    assert.deepEqual(seen(), [true, false, 0]);
    onSignal();
    assert.deepEqual(seen(), [true, true, 0]);
    onSignal();
    assert.deepEqual(seen(), [true, true, 1]);
  });

  test("work is waited for until the signal is aborted, and a later rejection is not unhandled", async () => {
    const { first, onSignal } = countInterrupts(() => undefined);
    assert.equal(await unlessAborted(Promise.resolve(5), first), 5);
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<number>((_, reject) => (fail = reject));
    const result = unlessAborted(work, first);
    onSignal();
    assert.equal(await result, undefined);
    fail(new Error("too late"));
    await aborted(first);
    await assert.rejects(work, /too late/);
  });
});
