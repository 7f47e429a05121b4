import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { rememberLast } from "../src/remember-last.ts";

describe("a function that keeps its last result", () => {
  test("computes again for another key and for other arguments, and not for the same", () => {
    const computed: unknown[] = [];
    const size = rememberLast((key: ReadonlyMap<string, number>, name: string, added: bigint) => {
      computed.push(name);
      return { sum: BigInt(key.get(name) ?? 0) + added };
    });
    const [first, second] = [new Map([["a", 1]]), new Map([["a", 2]])];
    const result = size(first, "a", 1n);
    assert.equal(size(first, "a", 1n), result);
    assert.deepEqual(size(first, "a", 2n), { sum: 3n });
    assert.deepEqual(size(second, "a", 2n), { sum: 4n });
    assert.deepEqual(size(first, "b", 2n), { sum: 2n });
    assert.deepEqual(size(second, "a", 2n), { sum: 4n });
    assert.deepEqual(computed, ["a", "a", "a", "b"]);
  });
});
