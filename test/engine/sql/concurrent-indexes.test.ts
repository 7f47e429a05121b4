import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  concurrentIndex,
  type ConcurrentIndex,
} from "../../../src/engine/sql/concurrent-indexes.ts";
import { statementsOf } from "../../../src/engine/sql/statements.ts";

const cases: readonly (readonly [string, ConcurrentIndex | undefined])[] = [
  [
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    { how: "create", table: { name: "t" }, name: "i", ifNotExists: false },
  ],
  [
    'create unique index concurrently if not exists "I d" on only App."T" using btree (a)',
    { how: "create", table: { schema: "app", name: "T" }, name: "I d", ifNotExists: true },
  ],
  [
    "CREATE INDEX CONCURRENTLY ON t (a)",
    { how: "create", table: { name: "t" }, ifNotExists: false },
  ],
  ["CREATE INDEX i ON t (a)", undefined],
  ["CREATE TABLE concurrently ()", undefined],
  ["CREATE INDEX CONCURRENTLY", undefined],
  ["CREATE INDEX CONCURRENTLY i (a)", undefined],
  ["DROP INDEX CONCURRENTLY IF EXISTS app.i", { how: "drop", index: { schema: "app", name: "i" } }],
  ["DROP INDEX i", undefined],
  ["REINDEX INDEX CONCURRENTLY i", { how: "reindex", of: "index", path: { name: "i" } }],
  [
    "REINDEX (VERBOSE, CONCURRENTLY) TABLE app.t",
    { how: "reindex", of: "table", path: { schema: "app", name: "t" } },
  ],
  ["REINDEX SCHEMA CONCURRENTLY app", { how: "reindex", of: "schema", name: "app" }],
  ["REINDEX DATABASE CONCURRENTLY", { how: "reindex", of: "database" }],
  ["REINDEX (VERBOSE) TABLE t", undefined],
  ["REINDEX INDEX CONCURRENTLY", undefined],
  ["SELECT 1", undefined],
];

describe("statements that work on an index in several transactions", () => {
  for (const [sql, expected] of cases)
    test(sql, () => {
      const [statement] = statementsOf(sql);
      assert.ok(statement);
      assert.deepEqual(concurrentIndex(statement), expected);
    });
});
