import assert from "node:assert/strict";
import { test } from "vitest";
import { withoutUsesOf } from "../../../src/engine/metadata/intermediate.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";

/** A document with these tables and functions, by schema and name. */
function document(tables: readonly JsonMap[], functions: readonly JsonMap[]): JsonMap {
  const source = {
    ...{ name: "default", kind: "postgres", configuration: {} },
    tables: tables.map((table) => ({ table })),
    functions: functions.map((each) => ({ function: each })),
  };
  return { version: 3, sources: [source] };
}

test("a schema that is removed takes everything in it out of the metadata, and nothing else", () => {
  const [orders, users] = [
    { schema: "shop", name: "orders" },
    { schema: "public", name: "users" },
  ];
  const [search, find] = [
    { schema: "shop", name: "search" },
    { schema: "shopping", name: "find" },
  ];
  const removed = { kind: "schema", name: "shop" } as const;
  assert.deepEqual(
    withoutUsesOf(
      [{ database: "default", removed }],
      document([orders, users], [search, find]),
      document([users], [find]),
    ),
    document([users], [find]),
  );
});
