import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { exponentialBackoff, listedBackoff, poll, retry } from "../src/retry.ts";

const attempts = [1, 2, 3, 4, 5];

describe("retry", () => {
  test("exponential delays double up to the longest", () => {
    const backoff = exponentialBackoff({ firstMs: 500, longestMs: 3000 });
    assert.deepEqual(attempts.map(backoff), [500, 1000, 2000, 3000, 3000]);
  });

  test("listed delays are used in order, and the last one repeats", () => {
    assert.deepEqual(attempts.map(listedBackoff([200, 1000])), [200, 1000, 1000, 1000, 1000]);
  });

  for (const [random, factor] of [
    [0, 0.5],
    [0.5, 1],
    [0.75, 1.25],
  ] as const) {
    test(`delays are spread at random: ${String(random)} makes ${String(factor)} of them`, () => {
      const listed = listedBackoff([200, 1000], () => random);
      assert.deepEqual([1, 2].map(listed), [200 * factor, 1000 * factor]);
      const exponential = exponentialBackoff({
        firstMs: 500,
        longestMs: 3000,
        random: () => random,
      });
      assert.deepEqual([1, 4].map(exponential), [500 * factor, 3000 * factor]);
    });
  }

  test("an operation is repeated until it succeeds, with a delay before each repetition", async () => {
    const slept: number[] = [];
    const retried: string[] = [];
    const answer = await retry(
      (attempt) =>
        attempt < 3 ? Promise.reject(new Error(`no ${String(attempt)}`)) : Promise.resolve(attempt),
      {
        backoff: listedBackoff([10, 20]),
        shouldRetry: () => true,
        sleep: async (ms) => void slept.push(ms),
        onRetry: (error, attempt, delayMs) =>
          void retried.push(`${(error as Error).message}, ${String(attempt)}, ${String(delayMs)}`),
      },
    );
    assert.equal(answer, 3);
    assert.deepEqual(slept, [10, 20]);
    assert.deepEqual(retried, ["no 1, 1, 10", "no 2, 2, 20"]);
  });

  test("an error that should not be retried is thrown at once", async () => {
    let slept = 0;
    const failing = retry(() => Promise.reject(new Error("final")), {
      backoff: () => 1,
      shouldRetry: () => false,
      sleep: async () => void (slept += 1),
    });
    await assert.rejects(failing, { message: "final" });
    assert.equal(slept, 0);
  });

  test("a poll waits between two attempts and returns the result of the last one", async () => {
    const slept: number[] = [];
    const found = await poll<number>(
      async (attempt) => (attempt === 3 ? { done: true, value: attempt } : { done: false }),
      { backoff: (attempt) => attempt * 10, sleep: async (ms) => void slept.push(ms) },
    );
    assert.equal(found, 3);
    assert.deepEqual(slept, [10, 20]);
  });
});
