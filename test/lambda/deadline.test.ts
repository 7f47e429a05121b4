import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { deadlineOf } from "../../src/lambda/deadline.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** The deadline of a context that answers with these times, one after the other. */
function deadline(...times: number[]) {
  return deadlineOf({
    awsRequestId: "request-1",
    invokedFunctionArn: "arn",
    functionName: "f",
    functionVersion: "1",
    getRemainingTimeInMillis: () => (times.length > 1 ? times.shift() : times[0]) ?? 0,
  });
}

describe("the deadline of an invocation", () => {
  for (const [what, ms, stopInMs] of [
    ["15 minutes", 900_000, 870_000],
    ["a minute and a half", 90_000, 60_000],
    ["a minute", 60_000, 40_000],
    ["three seconds", 3000, 2000],
    ["no time", 0, 0],
  ] as const)
    test(`of ${what} leaves 30 s, or a third of the time, to stop in`, () => {
      assert.equal(deadline(ms).stopInMs, stopInMs);
    });

  test("is counted down, but never below zero", () => {
    const { remainingMs } = deadline(900_000, 500, -1);
    assert.deepEqual([remainingMs(), remainingMs()], [500, 0]);
  });

  for (const ms of [-dayMs, -1e15, Number.NaN, Number.POSITIVE_INFINITY, 2 * dayMs])
    test(`of ${ms} ms is a day`, () => {
      assert.deepEqual(
        [deadline(ms).remainingMs(), deadline(ms).stopInMs],
        [dayMs, dayMs - 30_000],
      );
    });
});
