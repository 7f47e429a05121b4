import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { nextBatchSize } from "../../../src/engine/run/batch-size.ts";

describe("the size of the next batch", () => {
  const cases: [what: string, count: number, ms: number, size: number][] = [
    ["doubles while migrations are quick", 1, 1, 2],
    ["doubles from any size", 4, 10, 8],
    ["takes a request without a measurable time as quick", 2, 0, 4],
    ["is at most twenty", 16, 1, 20],
    ["is what fits into a tenth of a second", 10, 125, 8],
    ["is rounded down", 10, 300, 3],
    ["stays where a request took as long as it may", 5, 100, 5],
    ["is one where migrations are slow", 5, 5000, 1],
    ["is one after nothing was run", 0, 10, 1],
  ];
  for (const [what, count, ms, size] of cases) {
    test(what, () => assert.equal(nextBatchSize(count, ms), size));
  }
});
