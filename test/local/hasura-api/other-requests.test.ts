import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { startTestApi, type TestApi } from "../../support/hasura-api.ts";
import { assertIncludes } from "../../support/partial.ts";

/** An API with two tables, a relationship between them, and permissions that use it. */
async function started(t: TestContext): Promise<TestApi> {
  const api = await startTestApi(t);
  await api.sql(
    `create table author (id int primary key, name text);
create table article (id int primary key, author_id int references author);
create function search(q text) returns setof author language sql stable as 'select * from author'`,
  );
  const id = { _eq: "X-Hasura-User-Id" };
  for (const [type, args] of [
    ["pg_track_tables", { tables: [{ table: "author" }, { table: "article" }] }],
    [
      "pg_create_object_relationship",
      { table: "article", name: "author", using: { foreign_key_constraint_on: "author_id" } },
    ],
    [
      "pg_create_select_permission",
      {
        ...{ table: "article", role: "user" },
        permission: { columns: ["id"], filter: { _not: { author: { id } } } },
      },
    ],
    ["pg_track_function", { function: "search" }],
    ["create_query_collection", { name: "app", definition: { queries: [] } }],
    ["set_custom_types", { objects: [{ name: "R", fields: [{ name: "a", type: "Int" }] }] }],
    ["create_action", { name: "act", definition: { handler: "http://x", output_type: "R" } }],
  ] as const)
    assertIncludes(await ask(api, type, args), { status: 200 });
  return api;
}

const ask = (api: TestApi, type: string, args: unknown = {}) =>
  api.post("/v1/metadata", { type, args });

async function exported(api: TestApi): Promise<unknown> {
  return (await ask(api, "export_metadata")).body;
}

interface Case {
  readonly type: string;
  readonly args: JsonMap;
  /** Part of the metadata afterwards; sources only by their tables and functions. */
  readonly leaves: unknown;
  /** The answer to the same request once more. */
  readonly again?: JsonMap;
}

const inSource = (part: JsonMap): unknown => ({ sources: [{ name: "default", ...part }] });
const article = { name: "article", schema: "public" };
const author = { name: "author", schema: "public" };
const refused = (code: string, error: string, path = "$.args"): JsonMap => ({ code, error, path });

const cases: readonly Case[] = [
  {
    type: "set_table_custom_fields",
    args: {
      table: "author",
      custom_root_fields: { select: "authors" },
      custom_column_names: { name: "fullName" },
    },
    leaves: inSource({
      tables: [
        { table: article },
        {
          table: author,
          configuration: {
            column_config: { name: { custom_name: "fullName" } },
            custom_root_fields: { select: "authors" },
          },
        },
      ],
    }),
  },
  {
    type: "pg_set_permission_comment",
    args: { table: "article", role: "user", permission: "select", comment: "own" },
    leaves: inSource({
      tables: [{ select_permissions: [{ role: "user", comment: "own" }] }, { table: author }],
    }),
  },
  {
    type: "set_relationship_comment",
    args: { table: "article", relationship: "author", comment: "who wrote it" },
    leaves: inSource({
      tables: [
        { object_relationships: [{ name: "author", comment: "who wrote it" }] },
        { table: author },
      ],
    }),
  },
  {
    type: "pg_rename_relationship",
    args: { table: "article", name: "author", new_name: "writer" },
    leaves: inSource({
      tables: [
        {
          object_relationships: [
            { name: "writer", using: { foreign_key_constraint_on: "author_id" } },
          ],
          select_permissions: [
            {
              permission: { filter: { _not: { writer: { id: { _eq: "X-Hasura-User-Id" } } } } },
            },
          ],
        },
        { table: author },
      ],
    }),
    again: refused("not-exists", 'relationship "author" does not exist'),
  },
  {
    type: "pg_set_function_customization",
    args: { function: "search", configuration: { custom_name: "find" } },
    leaves: inSource({ functions: [{ configuration: { custom_name: "find" } }] }),
  },
  {
    type: "pg_create_function_permission",
    args: { function: "search", role: "user" },
    leaves: inSource({ functions: [{ permissions: [{ role: "user" }] }] }),
    again: refused(
      "already-exists",
      'permission of role "user" already exists for function "search" in source: "default"',
    ),
  },
  {
    type: "create_action_permission",
    args: { action: "act", role: "user" },
    leaves: { actions: [{ name: "act", permissions: [{ role: "user" }] }] },
    again: refused("already-exists", 'permission for role "user" is already defined on "act"'),
  },
  {
    type: "add_query_to_collection",
    args: { collection_name: "app", query_name: "q", query: "{ author { id } }" },
    leaves: {
      query_collections: [
        { name: "app", definition: { queries: [{ name: "q", query: "{ author { id } }" }] } },
      ],
    },
    again: refused("already-exists", 'query with name "q" already exists in collection "app"'),
  },
  {
    type: "rename_query_collection",
    args: { name: "app", new_name: "shop" },
    leaves: { query_collections: [{ name: "shop" }] },
    again: refused("not-exists", 'query collection with name "app" does not exist'),
  },
  {
    type: "set_api_limits",
    args: { depth_limit: { global: 5, per_role: {} }, disabled: false },
    leaves: { api_limits: { depth_limit: { global: 5 } } },
  },
  {
    type: "set_graphql_schema_introspection_options",
    args: { disabled_for_roles: ["user"] },
    leaves: { graphql_schema_introspection: { disabled_for_roles: ["user"] } },
  },
  {
    type: "pg_track_logical_model",
    args: {
      ...{ source: "default", name: "counts" },
      fields: [{ name: "n", type: { scalar: "bigint", nullable: false } }],
    },
    leaves: inSource({ logical_models: [{ name: "counts" }] }),
    again: refused("already-tracked", "Logical model 'counts' is already tracked."),
  },
  {
    type: "pg_update_source",
    args: { name: "default", customization: { root_fields: { namespace: "db" } } },
    leaves: inSource({ customization: { root_fields: { namespace: "db" } } }),
  },
];

describe("a request that changes one part of the metadata", () => {
  for (const { type, args, leaves, again } of cases)
    test(type, async (t) => {
      const api = await started(t);
      assert.deepEqual(await ask(api, type, args), { status: 200, body: { message: "success" } });
      assertIncludes(await exported(api), leaves);
      assertIncludes(await ask(api, type, args), again ? { body: again } : { status: 200 });
    });

  test("what was added can be removed, once", async (t) => {
    const api = await started(t);
    const before = await exported(api);
    const onFunction = { function: "search", role: "user" };
    const query = { collection_name: "app", query_name: "q" };
    const model = { source: "default", name: "counts" };
    for (const [add, drop, args, more] of [
      ["pg_create_function_permission", "pg_drop_function_permission", onFunction, {}],
      ["create_action_permission", "drop_action_permission", { action: "act", role: "user" }, {}],
      ["add_query_to_collection", "drop_query_from_collection", query, { query: "{ a }" }],
      ["pg_track_logical_model", "pg_untrack_logical_model", model, { fields: [] }],
      ["set_api_limits", "remove_api_limits", {}, { depth_limit: { global: 5, per_role: {} } }],
    ] as const) {
      assertIncludes(await ask(api, add, { ...args, ...more }), { status: 200 });
      assertIncludes(await ask(api, drop, args), { status: 200 });
      assert.deepEqual(await exported(api), before);
      if (drop !== "remove_api_limits") assertIncludes(await ask(api, drop, args), { status: 400 });
    }
  });

  test("a collection on the allow list is dropped with cascade only", async (t) => {
    const api = await started(t);
    await ask(api, "add_collection_to_allowlist", { collection: "app" });
    const scope = { global: false, roles: ["user"] };
    await ask(api, "update_scope_of_collection_in_allowlist", { collection: "app", scope });
    assertIncludes(await exported(api), { allowlist: [{ collection: "app", scope }] });
    assertIncludes(await ask(api, "drop_query_collection", { collection: "app" }), {
      body: { code: "dependency-error", path: "$.args.collection" },
    });
    await ask(api, "drop_query_collection", { collection: "app", cascade: true });
    const after = await exported(api);
    assert.ok(!JSON.stringify(after).includes("allowlist"));
  });

  test("a source gets another name, unless one has it", async (t) => {
    const api = await started(t);
    const configuration = { connection_info: { database_url: api.databaseUrl } };
    assertIncludes(await ask(api, "pg_add_source", { name: "a", configuration }), { status: 200 });
    assertIncludes(await ask(api, "rename_source", { name: "a", new_name: "default" }), {
      body: refused("already-exists", 'Source with name "default" already exists'),
    });
    assertIncludes(await ask(api, "rename_source", { name: "b", new_name: "c" }), {
      body: refused("not-exists", 'Could not find source with name "b"'),
    });
    assertIncludes(await ask(api, "rename_source", { name: "a", new_name: "z" }), { status: 200 });
    assertIncludes(await exported(api), { sources: [{ name: "default" }, { name: "z" }] });
  });
});
