import assert from "node:assert/strict";

/** Asserts that `actual` has at least what `expected` names; lists are compared item by item, up to the length of the expected one. */
export function assertIncludes(actual: unknown, expected: unknown): void {
  assert.deepEqual(likeExpected(actual, expected), expected);
}

function likeExpected(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(expected) && Array.isArray(actual))
    return expected.map((item, i) => likeExpected(actual[i], item));
  if (!isObject(expected) || !isObject(actual)) return actual;
  return Object.fromEntries(
    Object.entries(expected).map(([key, value]) => [key, likeExpected(actual[key], value)]),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
