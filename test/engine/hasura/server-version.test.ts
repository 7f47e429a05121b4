import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  firstWithNoTransaction,
  isOlder,
  parseServerVersion,
} from "../../../src/engine/hasura/server-version.ts";

describe("the version of a server", () => {
  test("is read with or without v, and whatever follows it", () => {
    assert.deepEqual(parseServerVersion("v2.48.0"), [2, 48, 0]);
    assert.deepEqual(parseServerVersion(" 2.36.1-cloud.1\n"), [2, 36, 1]);
    assert.deepEqual(parseServerVersion("v12.345.678"), [12, 345, 678]);
  });

  for (const text of ["", "v2.48", "dev-2.48.0", "vv2.48.0", "2.x.0"])
    test(`is not known from "${text}"`, () => {
      assert.equal(parseServerVersion(text), undefined);
    });

  test("is older by its first number that differs", () => {
    assert.equal(isOlder([2, 45, 2], [2, 45, 3]), true);
    assert.equal(isOlder([2, 45, 3], [2, 45, 3]), false);
    assert.equal(isOlder([2, 45, 4], [2, 45, 3]), false);
    assert.equal(isOlder([2, 9, 9], [2, 45, 3]), true);
    assert.equal(isOlder([2, 46, 0], [2, 45, 3]), false);
    assert.equal(isOlder([1, 99, 99], [2, 0, 0]), true);
    assert.equal(isOlder([3, 0, 0], [2, 45, 3]), false);
  });

  test("that supports no_transaction is 2.45.3", () => {
    assert.deepEqual(firstWithNoTransaction, [2, 45, 3]);
  });
});
