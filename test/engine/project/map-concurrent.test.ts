import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { mapConcurrent } from "../../../src/engine/project/map-concurrent.ts";

describe("mapping concurrently", () => {
  test("keeps the order, whatever ends first, and maps each item once", async () => {
    const seen: number[] = [];
    const items = Array.from({ length: 40 }, (_, i) => i);
    const results = await mapConcurrent(items, async (item) => {
      seen.push(item);
      for (let turns = item % 5; turns > 0; turns -= 1) await Promise.resolve();
      return item * 2;
    });
    assert.deepEqual(
      results,
      items.map((item) => item * 2),
    );
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      items,
    );
    assert.deepEqual(await mapConcurrent([], () => Promise.resolve(1)), []);
  });

  test("has at most 16 calls in flight", async () => {
    let inFlight = 0;
    let most = 0;
    await mapConcurrent(Array.from({ length: 50 }), async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await Promise.resolve();
      inFlight -= 1;
    });
    assert.equal(most, 16);
  });

  test("throws the first error in order, once those in flight have ended, and starts nothing more", async () => {
    const ended: number[] = [];
    const failing = mapConcurrent(
      Array.from({ length: 40 }, (_, i) => i),
      async (item) => {
        await Promise.resolve();
        ended.push(item);
        if (item === 9 || item === 3) throw new Error(`item ${item}`);
      },
    );
    await assert.rejects(failing, /^Error: item 3$/);
    assert.equal(ended.length, 16);
  });
});
