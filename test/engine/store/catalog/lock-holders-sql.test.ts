import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { lockHoldersSql } from "../../../../src/engine/store/catalog/lock-holders-sql.ts";

describe("the query for who holds a lock", () => {
  test("finds the statement by its first 200 characters, none of which is cut", () => {
    assert.ok(lockHoldersSql(`${"😀".repeat(199)}ab`).includes(`'${"😀".repeat(199)}a'`));
    assert.ok(lockHoldersSql("DROP TABLE a;").includes("'DROP TABLE a;'"));
  });

  test("does not copy the rest of a large file", () => {
    const large = "INSERT INTO a VALUES (1);\n".repeat(1_500_000);
    const startedAt = performance.now();
    lockHoldersSql(large);
    // Splitting all of it into characters takes seconds, and a gigabyte of memory.
    assert.ok(performance.now() - startedAt < 2000);
  });
});
