import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { compareMetadata } from "../../../src/metadata/diff/compare-metadata.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { startTestApi, type TestApi } from "../../support/hasura-api.ts";
import { assertIncludes } from "../../support/partial.ts";
import { query } from "../../support/postgres.ts";

const JsonObject = z.record(z.string(), z.json());

const ask = (api: TestApi, type: string, args: unknown = {}) =>
  api.post("/v1/metadata", { type, args });

async function asks(api: TestApi, ...requests: [string, object][]): Promise<void> {
  for (const [type, args] of requests)
    assert.deepEqual(
      await ask(api, type, args),
      { status: 200, body: { message: "success" } },
      type,
    );
}

const schema = `
create table authors (id int primary key, name text);
create table articles (id int primary key, author_id int references authors, title text);`;

const tracked: [string, object][] = ["authors", "articles"].map((table) => [
  "pg_track_table",
  { table },
]);
const author: [string, object] = [
  "pg_create_object_relationship",
  { table: "articles", name: "author", using: { foreign_key_constraint_on: "author_id" } },
];
const permission: [string, object] = [
  "pg_create_select_permission",
  {
    table: "articles",
    role: "user",
    permission: { columns: ["id", "title"], filter: { author: { name: { _eq: "x" } } } },
  },
];
const trigger: [string, object] = [
  "pg_create_event_trigger",
  { table: "authors", name: "t", webhook: "http://localhost", update: { columns: ["name"] } },
];

describe("a Console that changes one object", () => {
  test("writes defaults, which are no difference to a project without them", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    const table = { schema: "public", name: "articles" };
    const of = { source: "default", table };
    const user = { ...of, role: "user", comment: "" };
    await asks(
      api,
      ...tracked,
      ["pg_create_object_relationship", { ...author[1], ...of, comment: "" }],
      [
        "pg_create_array_relationship",
        {
          ...{ source: "default", table: "authors", name: "articles" },
          using: { foreign_key_constraint_on: { table, columns: ["author_id"] } },
        },
      ],
      [
        "pg_create_select_permission",
        {
          ...user,
          permission: {
            ...{ columns: ["title", "id"], filter: { _and: [{ id: { _gt: 1 } }] }, limit: null },
            ...{ computed_fields: [], allow_aggregations: false, query_root_fields: null },
          },
        },
      ],
      [
        "pg_create_insert_permission",
        {
          ...user,
          permission: { check: {}, set: {}, columns: ["title", "id"], backend_only: false },
        },
      ],
      [
        "pg_create_update_permission",
        { ...user, permission: { columns: ["title", "id"], filter: {}, check: {}, set: {} } },
      ],
      ["pg_create_delete_permission", { ...user, permission: { filter: {}, backend_only: false } }],
      [
        "pg_create_event_trigger",
        {
          ...{ ...of, name: "t", webhook: "http://localhost", headers: [], enable_manual: false },
          update: { columns: ["title", "id"] },
          retry_conf: { num_retries: 0, interval_sec: 10, timeout_sec: 60 },
        },
      ],
    );
    const columns = ["id", "title"];
    const role = (permission: JsonMap): JsonMap[] => [{ role: "user", permission }];
    const project = {
      version: 3,
      sources: [
        {
          ...{ name: "default", kind: "postgres" },
          tables: [
            {
              table: "authors",
              array_relationships: [
                {
                  name: "articles",
                  using: { foreign_key_constraint_on: { table: "articles", column: "author_id" } },
                },
              ],
            },
            {
              table,
              object_relationships: [
                { name: "author", using: { foreign_key_constraint_on: "author_id" } },
              ],
              select_permissions: role({ columns, filter: { id: { _gt: 1 } } }),
              insert_permissions: role({ columns, check: {} }),
              update_permissions: role({ columns, filter: {}, check: null }),
              delete_permissions: role({ filter: {} }),
              event_triggers: [
                { name: "t", webhook: "http://localhost", definition: { update: { columns } } },
              ],
            },
          ],
        },
      ],
    };
    const exported = JsonObject.parse((await ask(api, "export_metadata")).body);
    const others = compareMetadata(exported, project).filter(({ path }) => path.length > 1);
    assert.deepEqual(others, []);
  });

  test("adds and removes parts of a table", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked, author, permission, trigger);
    assertIncludes((await ask(api, "export_metadata")).body, {
      sources: [
        {
          tables: [
            { object_relationships: [{ name: "author" }], select_permissions: [{ role: "user" }] },
            { event_triggers: [{ name: "t", retry_conf: { interval_sec: 10, num_retries: 0 } }] },
          ],
        },
      ],
    });
    await asks(
      api,
      ["pg_drop_select_permission", { table: "articles", role: "user" }],
      ["pg_drop_relationship", { table: "articles", relationship: "author" }],
      ["pg_delete_event_trigger", { name: "t" }],
      ["pg_untrack_table", { table: "articles" }],
    );
    assertIncludes((await ask(api, "export_metadata")).body, {
      sources: [{ tables: [{ table: { name: "authors", schema: "public" } }] }],
    });
  });

  test("is refused what would be inconsistent, with the reason", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked);
    const args = {
      table: "articles",
      name: "editor",
      using: { foreign_key_constraint_on: "title" },
    };
    const reason =
      'Inconsistent object: in table "articles": in relationship "editor": no foreign constraint exists on the given column(s)';
    assertIncludes(await ask(api, "pg_create_object_relationship", args), {
      status: 400,
      body: {
        code: "invalid-configuration",
        error: reason,
        path: "$.args",
        internal: [{ reason }],
      },
    });
    assertIncludes((await ask(api, "export_metadata", {})).body, {
      sources: [{ tables: [{ table: { name: "articles" } }, { table: { name: "authors" } }] }],
    });
  });

  test("is refused what exists, and what does not", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked, author, permission);
    const refused: [string, object, string, string][] = [
      [...author, "already-exists", 'field with name "author" already exists in table "articles"'],
      [
        ...permission,
        "already-exists",
        'select permission already defined on table "articles" with role "user"',
      ],
      [
        "pg_drop_update_permission",
        { table: "articles", role: "user" },
        "permission-denied",
        'update permission on "articles" for role "user" does not exist',
      ],
      [
        "pg_create_array_relationship",
        { table: "gone", name: "x", using: { foreign_key_constraint_on: "a" } },
        "not-exists",
        'table "gone" does not exist in source: default',
      ],
      [
        "pg_drop_relationship",
        { table: "articles", relationship: "author" },
        "dependency-error",
        'cannot drop due to the following dependent objects: permission articles.user.select in source "default"',
      ],
      [
        "pg_untrack_table",
        { table: "authors" },
        "dependency-error",
        'cannot drop due to the following dependent objects: permission articles.user.select in source "default", relationship articles.author in source "default"',
      ],
    ];
    for (const [type, args, code, error] of refused)
      assertIncludes(await ask(api, type, args), { status: 400, body: { code, error } });
    await asks(api, ["pg_untrack_table", { table: "authors", cascade: true }]);
    assertIncludes((await ask(api, "get_inconsistent_metadata")).body, { is_consistent: true });
  });

  test("tracks the tables that exist, and is warned about the others", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    const tables = ["authors", "gone"].map((name) => ({ source: "default", table: name }));
    assertIncludes(await ask(api, "pg_track_tables", { tables }), {
      status: 200,
      body: { message: "success", warnings: [{ name: "table gone in source default" }] },
    });
  });

  test("changes objects of the document itself", async (t) => {
    const api = await startTestApi(t);
    const action = { name: "a", definition: { handler: "http://x", output_type: "R" } };
    assertIncludes(await ask(api, "create_action", action), {
      status: 400,
      body: { code: "invalid-configuration" },
    });
    await asks(
      api,
      ["set_custom_types", { objects: [{ name: "R", fields: [{ name: "id", type: "Int" }] }] }],
      ["create_action", action],
      [
        "create_cron_trigger",
        { name: "c", webhook: "http://x", schedule: "* * * * *", include_in_metadata: true },
      ],
      ["create_query_collection", { name: "q", definition: { queries: [] } }],
      ["add_collection_to_allowlist", { collection: "q" }],
    );
    assertIncludes(await ask(api, "create_action", action), {
      status: 400,
      body: { code: "already-exists", error: 'action with name "a" already exists' },
    });
    assertIncludes(await ask(api, "set_custom_types", {}), {
      status: 400,
      body: { code: "unexpected", error: "cannot continue due to new inconsistent metadata" },
    });
    assertIncludes(
      await ask(api, "add_remote_schema", {
        name: "s",
        definition: { url: "http://127.0.0.1:1/" },
      }),
      {
        status: 400,
        body: { code: "invalid-configuration" },
      },
    );
    await asks(api, ["drop_action", { name: "a" }], ["set_custom_types", {}]);
    assertIncludes((await ask(api, "export_metadata")).body, {
      allowlist: [{ collection: "q", scope: { global: true } }],
      cron_triggers: [{ name: "c" }],
      query_collections: [{ name: "q" }],
    });
  });

  test("changes several objects with a bulk, or none", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    const bulk = [...tracked, author].map(([type, args]) => ({ type, args }));
    const failing = [...bulk, { type: "pg_track_table", args: { table: "gone" } }];
    assertIncludes(await ask(api, "bulk", failing), {
      status: 400,
      body: { path: "$.args[3].args" },
    });
    assertIncludes((await api.post("/v1/metadata", { type: "export_metadata", version: 2 })).body, {
      resource_version: 1,
    });
    assertIncludes(await ask(api, "bulk_keep_going", failing), {
      status: 200,
      body: [{ message: "success" }, {}, {}, { code: "invalid-configuration" }],
    });
    assertIncludes((await api.post("/v1/metadata", { type: "export_metadata", version: 2 })).body, {
      resource_version: 2,
      metadata: { sources: [{ tables: [{ object_relationships: [{ name: "author" }] }, {}] }] },
    });
  });
});

describe("an event trigger", () => {
  const events = (api: TestApi): Promise<Record<string, unknown>[]> =>
    query(
      api.databaseUrl,
      "select payload->>'op' as op, payload->'data'->'new'->>'name' as name from hdb_catalog.event_log order by created_at",
    );

  test("logs events from the database until it is removed", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked, [
      "pg_create_event_trigger",
      {
        ...{ table: "authors", name: "t", webhook: "http://localhost" },
        ...{ insert: { columns: "*" }, update: { columns: ["name"] } },
      },
    ]);
    await api.sql("insert into authors values (1, 'a'); update authors set name = 'b'");
    await api.sql("update authors set id = 2");
    assert.deepEqual(await events(api), [
      { op: "INSERT", name: "a" },
      { op: "UPDATE", name: "b" },
    ]);
    await asks(api, ["pg_delete_event_trigger", { name: "t" }]);
    await api.sql("insert into authors values (3, 'c')");
    assert.equal((await events(api)).length, 2);
    assert.deepEqual(
      await query(
        api.databaseUrl,
        "select proname from pg_proc where proname like 'notify_hasura%'",
      ),
      [],
    );
  });

  test("makes writes fail after one of its columns was dropped without a check, until a reload", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked, [
      "pg_create_event_trigger",
      { table: "authors", name: "t", webhook: "http://localhost", insert: { columns: "*" } },
    ]);
    await api.sql("alter table authors drop column name");
    const insert = (id: number) => api.sql(`insert into authors values (${String(id)})`);
    assertIncludes(await insert(1), {
      status: 400,
      body: { internal: { error: { message: 'record "new" has no field "name"' } } },
    });
    assertIncludes((await ask(api, "reload_metadata")).body, { is_consistent: true });
    assert.equal((await insert(1)).status, 200);
  });

  test("keeps a column that it names, unless the drop cascades", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked, trigger);
    const drop = (more: object) =>
      api.sql("alter table authors drop column name", {
        check_metadata_consistency: true,
        ...more,
      });
    assertIncludes(await drop({}), {
      status: 400,
      body: {
        code: "dependency-error",
        error:
          'cannot drop due to the following dependent objects: event-trigger authors.t in source "default"',
      },
    });
    assert.equal((await drop({ cascade: true })).status, 200);
    assert.equal((await api.sql("insert into authors values (1)")).status, 200);
    assert.ok(!JSON.stringify((await ask(api, "export_metadata")).body).includes("event_triggers"));
  });
});

describe("run_sql with a check of the metadata", () => {
  const checked = (api: TestApi, sql: string) => api.sql(sql, { check_metadata_consistency: true });

  test("follows a renamed table and a renamed column", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked, author, permission, trigger, [
      "pg_create_array_relationship",
      {
        table: "authors",
        name: "articles",
        using: { foreign_key_constraint_on: { table: "articles", column: "author_id" } },
      },
    ]);
    const { status, body } = await checked(
      api,
      "alter table authors rename to people; alter table people rename column name to full_name; alter table articles rename column author_id to person_id",
    );
    assert.equal(status, 200, JSON.stringify(body));
    assertIncludes((await ask(api, "export_metadata")).body, {
      sources: [
        {
          tables: [
            {
              table: { name: "articles" },
              object_relationships: [{ using: { foreign_key_constraint_on: "person_id" } }],
              select_permissions: [
                { permission: { filter: { author: { full_name: { _eq: "x" } } } } },
              ],
            },
            {
              table: { name: "people" },
              array_relationships: [
                { using: { foreign_key_constraint_on: { column: "person_id" } } },
              ],
              event_triggers: [{ definition: { update: { columns: ["full_name"] } } }],
            },
          ],
        },
      ],
    });
    assertIncludes((await ask(api, "get_inconsistent_metadata")).body, { is_consistent: true });
  });

  test("removes the names in the API of dropped columns, and keeps those of renamed ones", async (t) => {
    const api = await startTestApi(t);
    await api.sql("create table authors (id int, name text, age int)");
    const names = { id: { custom_name: "number" }, name: { custom_name: "called" } };
    await asks(
      api,
      ["pg_track_table", { table: "authors" }],
      ["pg_set_table_customization", { table: "authors", configuration: { column_config: names } }],
    );
    const sql = "alter table authors drop column name; alter table authors rename id to author_id";
    const { status, body } = await checked(api, sql);
    assert.equal(status, 200, JSON.stringify(body));
    const { body: exported } = await ask(api, "export_metadata");
    assertIncludes(exported, {
      sources: [
        {
          tables: [{ configuration: { column_config: { author_id: { custom_name: "number" } } } }],
        },
      ],
    });
    assert.doesNotMatch(JSON.stringify(exported), /called/);
  });

  test("refuses another type of a column that a filter compares with a constant", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked, author, permission);
    assertIncludes(await checked(api, "alter table authors alter column name type varchar(5)"), {
      status: 400,
      body: {
        code: "dependency-error",
        error:
          'cannot change type of column "name" in table "authors" because of the following dependencies: permission articles.user.select in source "default"',
      },
    });
  });

  test("refuses what would break a computed field", async (t) => {
    const api = await startTestApi(t);
    await api.sql(
      `${schema} create function full_name(a authors) returns text language sql stable as 'select a.name'`,
    );
    await asks(api, ...tracked, [
      "pg_add_computed_field",
      { table: "authors", name: "full", definition: { function: "full_name" } },
    ]);
    const refused: [string, string][] = [
      [
        "alter function full_name rename to name_of",
        'cannot drop due to the following dependent objects: computed field authors.full in source "default"',
      ],
      [
        "alter function full_name volatile",
        'The type of function "full_name" associated with computed field "full" of table "authors" is being altered to "VOLATILE"',
      ],
      [
        "create function full_name(a articles) returns text language sql stable as 'select a.title'",
        'The function "full_name" associated with computed field"full" of table "authors" is being overloaded',
      ],
    ];
    for (const [sql, error] of refused)
      assertIncludes(await checked(api, sql), { status: 400, body: { error } });
  });

  test("reports what is newly inconsistent after the commit", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    await asks(api, ...tracked, author);
    const sql = "alter table articles add foreign key (author_id) references authors";
    const reason =
      'Inconsistent object: in table "articles": in relationship "author": more than one foreign key constraint exists on the given column(s)';
    assertIncludes(await checked(api, sql), {
      status: 500,
      body: {
        code: "unexpected",
        error: "cannot continue due to newly found inconsistent metadata",
        internal: [{ reason }],
      },
    });
    assert.deepEqual(
      await query(
        api.databaseUrl,
        "select count(*)::int as n from pg_constraint where contype = 'f' and conrelid = 'articles'::regclass",
      ),
      [{ n: 2 }],
    );
  });
});

test("a request in another role is refused", async (t) => {
  const api = await startTestApi(t);
  const headers = { "x-hasura-admin-secret": "test-admin-secret", "x-hasura-role": "user" };
  for (const [path, type] of [
    ["/v1/metadata", "export_metadata"],
    ["/v2/query", "run_sql"],
  ] as const)
    assert.deepEqual(await api.post(path, { type, args: { sql: "select 1" } }, headers), {
      status: 400,
      body: { error: "restricted access : admin only", path: "$.args", code: "access-denied" },
    });
});
