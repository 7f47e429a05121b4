import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { startTestApi } from "../../support/hasura-api.ts";

/** What the server answers to these requests, by its own tests. */
const cases: readonly (readonly [
  what: string,
  request: object,
  error: string,
  code: string,
  path: string,
])[] = [
  [
    "a version that does not exist",
    { type: "export_metadata", version: 3, args: {} },
    ...(["expected 1 or 2, encountered 3", "parse-failed", "$.version"] as const),
  ],
  [
    "a relationship without a name",
    {
      type: "create_object_relationship",
      args: { table: "a", name: "", using: { foreign_key_constraint_on: "b" } },
    },
    ...(["empty string not allowed", "parse-failed", "$.name"] as const),
  ],
  [
    "a permission without a role",
    { type: "create_insert_permission", args: { table: "a", role: "", permission: { check: {} } } },
    ...(["empty string not allowed", "parse-failed", "$.role"] as const),
  ],
  [
    "an event trigger without a name",
    { type: "create_event_trigger", args: { table: "a", name: "", webhook: "http://x" } },
    ...(["empty string not allowed", "parse-failed", "$.name"] as const),
  ],
  [
    "a collection without a name",
    { type: "create_query_collection", args: { name: "", definition: { queries: [] } } },
    ...(["empty string not allowed", "parse-failed", "$.name"] as const),
  ],
  [
    "a computed field of a table that is not tracked",
    { type: "drop_computed_field", args: { table: "random", name: "f" } },
    ...([
      'table "random" does not exist in source: default',
      "not-exists",
      "$.args.table",
    ] as const),
  ],
  [
    "a computed field that does not exist",
    { type: "drop_computed_field", args: { table: "a", name: "random" } },
    ...(['computed field "random" does not exist', "not-exists", "$.args.name"] as const),
  ],
  [
    "a relationship of a table that is not tracked",
    { type: "drop_relationship", args: { table: "random", relationship: "r" } },
    ...(['table "random" does not exist in source: default', "not-exists", "$.args"] as const),
  ],
  [
    "a source that exists",
    {
      type: "pg_add_source",
      args: { name: "default", configuration: { connection_info: { database_url: "x" } } },
    },
    ...(['source with name "default" already exists', "already-exists", "$.args"] as const),
  ],
];

describe("a request about metadata is refused with the server's words and place", () => {
  test("for what does not exist, exists already, or has no name", async (t) => {
    const api = await startTestApi(t);
    await api.sql("create table a (id int primary key)");
    await api.post("/v1/metadata", { type: "pg_track_table", args: { table: "a" } });
    for (const [what, request, error, code, path] of cases) {
      const { status, body } = await api.post("/v1/metadata", request);
      assert.deepEqual([status, body], [400, { error, code, path }], what);
    }
  });
});
