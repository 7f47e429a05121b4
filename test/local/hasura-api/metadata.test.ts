import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { resetCatalog, startHasuraApi } from "../../../src/local/hasura-api/index.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { startTestApi, type TestApi } from "../../support/hasura-api.ts";
import { assertIncludes } from "../../support/partial.ts";
import { freshDatabase, query } from "../../support/postgres.ts";

const ask = (api: TestApi, type: string, args: unknown = {}, more = {}) =>
  api.post("/v1/metadata", { type, args, ...more });

describe("metadata", () => {
  test("a new database gets the catalog's tables, an empty state and one source whose address is not shown", async (t) => {
    const api = await startTestApi(t);
    assertIncludes((await ask(api, "get_catalog_state")).body, {
      cli_state: {},
      console_state: {},
    });
    const { body } = await ask(api, "export_metadata");
    assertIncludes(body, {
      version: 3,
      sources: [{ name: "default", kind: "postgres", tables: [] }],
    });
    assert.ok(!JSON.stringify(body).includes(new URL(api.databaseUrl).password));
    const rows = await query(
      api.databaseUrl,
      "select relname::text as name from pg_class where relnamespace = 'hdb_catalog'::regnamespace and relkind = 'r' order by 1",
    );
    assert.deepEqual(
      rows.map((row) => row["name"]),
      [
        "event_invocation_logs",
        "event_log",
        "hdb_action_log",
        "hdb_cron_event_invocation_logs",
        "hdb_cron_events",
        "hdb_event_log_cleanups",
        "hdb_metadata",
        "hdb_scheduled_event_invocation_logs",
        "hdb_scheduled_events",
        "hdb_schema_notifications",
        "hdb_source_catalog_version",
        "hdb_version",
      ],
    );
  });

  test("state and metadata outlive the API", async (t) => {
    const first = await startTestApi(t);
    const state = {
      migrations: { default: { "1": false } },
      settings: { migration_mode: "true" },
      isStateCopyCompleted: true,
    };
    assert.deepEqual(await ask(first, "set_catalog_state", { type: "cli", state }), {
      status: 200,
      body: { message: "success" },
    });
    await first.stop();
    const second = await startTestApi(t, { metadataUrl: first.databaseUrl });
    assertIncludes((await ask(second, "get_catalog_state")).body, { cli_state: state });
  });

  test("a state of a type other than cli and console is refused with the server's message", async (t) => {
    const api = await startTestApi(t);
    const { status, body } = await ask(api, "set_catalog_state", { type: "mine", state: {} });
    assert.equal(status, 400);
    assertIncludes(body, { code: "parse-failed", path: "$.args.type" });
    assert.match(JSON.stringify(body), /expected one of the tags/);
  });

  test("a bulk of get and set returns the previous state", async (t) => {
    const api = await startTestApi(t);
    const { body } = await ask(api, "bulk", [
      { type: "get_catalog_state", args: {} },
      { type: "set_catalog_state", args: { type: "cli", state: { a: 1 } } },
      { type: "get_catalog_state", args: {} },
    ]);
    assertIncludes(body, [{ cli_state: {} }, { message: "success" }, { cli_state: { a: 1 } }]);
  });

  test("a tracked table that disappears makes the metadata inconsistent until it is removed there", async (t) => {
    const api = await startTestApi(t);
    await api.sql(
      "create table users(id int); create function f() returns setof users language sql stable as 'select * from users'",
    );
    assert.equal(
      (
        await ask(api, "pg_track_table", {
          source: "default",
          table: { schema: "public", name: "users" },
        })
      ).status,
      200,
    );
    assert.equal(
      (await ask(api, "pg_track_function", { source: "default", function: "f" })).status,
      200,
    );
    assertIncludes(await ask(api, "pg_track_table", { table: "users" }), {
      status: 400,
      body: { code: "already-tracked" },
    });
    assertIncludes(await ask(api, "pg_track_table", { table: "nope" }), {
      status: 400,
      body: {
        code: "invalid-configuration",
        error: 'Inconsistent object: no such table/view exists in source: "nope"',
      },
    });
    await api.sql("drop table users cascade");
    const inconsistent = await ask(api, "reload_metadata");
    assertIncludes(inconsistent.body, {
      message: "success",
      is_consistent: false,
      inconsistent_objects: [
        {
          type: "table",
          name: "table users in source default",
          definition: { schema: "public", name: "users" },
          reason: 'Inconsistent object: no such table/view exists in source: "users"',
        },
        { type: "function", name: "function f in source default" },
      ],
    });
    assert.equal(
      await (await fetch(`${api.url}/healthz`)).text(),
      "WARN: inconsistent objects in schema",
    );
    await ask(api, "drop_inconsistent_metadata");
    assert.deepEqual((await ask(api, "get_inconsistent_metadata")).body, {
      is_consistent: true,
      inconsistent_objects: [],
    });
  });

  const withRelationship = {
    version: 3,
    sources: [
      {
        name: "default",
        kind: "postgres",
        configuration: {},
        tables: [
          {
            table: { schema: "public", name: "users" },
            array_relationships: [
              {
                name: "posts",
                using: {
                  foreign_key_constraint_on: {
                    column: "u",
                    table: { schema: "public", name: "posts" },
                  },
                },
              },
            ],
          },
          { table: { schema: "public", name: "posts" } },
        ],
      },
    ],
  };

  test("with the metadata check, dropping a table removes its metadata, unless a relationship of another table needs it", async (t) => {
    const api = await startTestApi(t);
    await api.sql(
      "create table users(id int primary key); create table posts(id int, u int references users)",
    );
    assert.deepEqual(
      (await ask(api, "replace_metadata", { metadata: withRelationship }, { version: 2 })).body,
      {
        is_consistent: true,
        inconsistent_objects: [],
      },
    );
    for (const cascade of [{}, { cascade: false }, { cascade: null }]) {
      const more = { check_metadata_consistency: true, ...cascade };
      assert.deepEqual(
        await api.sql("drop table posts", more),
        {
          status: 400,
          body: {
            error:
              'cannot drop due to the following dependent objects: relationship users.posts in source "default"',
            path: "$.args",
            code: "dependency-error",
          },
        },
        JSON.stringify(cascade),
      );
    }
    assert.deepEqual(await query(api.databaseUrl, "select to_regclass('posts')::text as t"), [
      { t: "posts" },
    ]);
    assert.equal(
      (await api.sql("drop table posts", { check_metadata_consistency: true, cascade: true }))
        .status,
      200,
    );
    assertIncludes((await ask(api, "export_metadata")).body, {
      sources: [{ tables: [{ table: { name: "users" } }] }],
    });
    assert.ok(
      !JSON.stringify((await ask(api, "export_metadata")).body).includes("array_relationships"),
    );
    assertIncludes((await ask(api, "get_inconsistent_metadata")).body, { is_consistent: true });
  });

  test("inconsistent metadata is refused unless it is allowed", async (t) => {
    const api = await startTestApi(t);
    const refused = await ask(api, "replace_metadata", { metadata: withRelationship });
    assertIncludes(refused, {
      status: 400,
      body: {
        code: "unexpected",
        error: "cannot continue due to inconsistent metadata",
        path: "$.args",
      },
    });
    const allowed = await ask(api, "replace_metadata", {
      allow_inconsistent_metadata: true,
      metadata: withRelationship,
    });
    assertIncludes(allowed, { status: 200, body: { is_consistent: false } });
  });

  test("a document with an old resource version is a conflict", async (t) => {
    const api = await startTestApi(t);
    const { body } = await ask(api, "export_metadata", {}, { version: 2 });
    assertIncludes(body, { resource_version: 1, metadata: { version: 3 } });
    const empty = { metadata: { version: 3, sources: [] } };
    assert.equal((await ask(api, "replace_metadata", empty, { resource_version: 1 })).status, 200);
    assert.deepEqual(await ask(api, "replace_metadata", empty, { resource_version: 1 }), {
      status: 409,
      body: {
        error: "metadata resource version referenced (1) did not match current version",
        path: "$",
        code: "conflict",
      },
    });
  });

  const exported = z.object({
    resource_version: z.number(),
    metadata: z.object({ sources: z.array(z.object({ tables: z.array(z.unknown()) })) }),
  });

  async function exportMetadata(api: TestApi): Promise<{ version: number; tables: number }> {
    const { body } = await ask(api, "export_metadata", {}, { version: 2 });
    const { resource_version: version, metadata } = exported.parse(body);
    return { version, tables: metadata.sources.flatMap(({ tables }) => tables).length };
  }

  async function trackTables(api: TestApi, ...tables: string[]): Promise<void> {
    for (const table of tables) {
      await api.sql(`create table ${table}()`);
      assert.equal((await ask(api, "pg_track_table", { table })).status, 200);
    }
  }

  test("two changes of the metadata in one bulk are both stored", async (t) => {
    const api = await startTestApi(t);
    await trackTables(api, "one", "two");
    const before = await exportMetadata(api);
    const drop = (table: string) => ({ type: "run_sql", args: { sql: `drop table ${table}` } });
    const { status } = await api.post("/v2/query", {
      type: "bulk",
      args: [drop("one"), drop("two")],
    });
    assert.equal(status, 200);
    assert.deepEqual(await exportMetadata(api), { version: before.version + 2, tables: 0 });
  });

  test("a run_sql whose metadata another request has changed in the meantime is a conflict", async (t) => {
    let meanwhile = async (): Promise<void> => {};
    const api = await startTestApi(t, {
      faults: { beforeMessage: (kind) => (kind === "commit" ? meanwhile() : undefined) },
    });
    await trackTables(api, "one", "two");
    const { version } = await exportMetadata(api);
    meanwhile = async () => {
      meanwhile = async () => {};
      assert.equal((await ask(api, "pg_untrack_table", { table: "two" })).status, 200);
    };
    assert.deepEqual(await api.sql("drop table one", { check_metadata_consistency: true }), {
      status: 409,
      body: {
        error: `metadata resource version referenced (${String(version)}) did not match current version`,
        path: "$",
        code: "conflict",
      },
    });
    assert.deepEqual(await exportMetadata(api), { version: version + 1, tables: 1 });
  });

  test("only SQL that may change the schema has the metadata checked and stored again", async (t) => {
    const api = await startTestApi(t);
    await api.sql("create table t()");
    const stored = async (sql: string): Promise<number> => {
      const before = await exportMetadata(api);
      const { status } = await api.sql(sql, { check_metadata_consistency: null });
      assert.equal(status, 200, sql);
      return (await exportMetadata(api)).version - before.version;
    };
    for (const sql of [
      "COMMENT ON TABLE t IS 'x'",
      "alter table t add column a int",
      "drop table if exists u",
      "create or replace view v as select 1 as a",
      "create function f() returns int language sql as 'select 1'",
      "select 1 -- drop",
    ])
      assert.equal(await stored(sql), 1, sql);
    for (const sql of ["create table w()", "insert into t values (1)", "select 1 as dropped"])
      assert.equal(await stored(sql), 0, sql);
  });

  test("the older form replaces the tables of default, and malformed documents get the server's message", async (t) => {
    const api = await startTestApi(t);
    await api.sql("create table t()");
    assert.equal(
      (await ask(api, "replace_metadata", { version: 2, tables: [{ table: "t" }] })).status,
      200,
    );
    assertIncludes((await ask(api, "export_metadata")).body, {
      version: 3,
      sources: [{ name: "default", tables: [{ table: { schema: "public", name: "t" } }] }],
    });
    const cases: [unknown, object][] = [
      [
        { metadata: { version: 3 } },
        { error: "the key 'sources' was not present", path: "$.args.metadata" },
      ],
      [{ metadata: { version: 4, sources: [] } }, { error: "expected 1, 2 or 3, encountered 4" }],
      [{ version: 2 }, { error: 'key "tables" not found', path: "$.args" }],
    ];
    for (const [args, body] of cases)
      assertIncludes(await ask(api, "replace_metadata", args), {
        status: 400,
        body: { code: "parse-failed", ...body },
      });
  });

  test("a source from the metadata is reached by its address; without one it is inconsistent", async (t) => {
    const other = await freshDatabase(t);
    const api = await startTestApi(t, { env: { OTHER: other } });
    const source = (variable: string) => ({
      name: "other",
      configuration: { connection_info: { database_url: { from_env: variable } } },
      replace_configuration: true,
    });
    await ask(api, "pg_add_source", source("OTHER"));
    assert.equal((await api.sql("create table in_other()", { source: "other" })).status, 200);
    assert.deepEqual(await query(other, "select to_regclass('in_other')::text as t"), [
      { t: "in_other" },
    ]);
    const missing = "Inconsistent object: environment variable 'MISSING' not set";
    assertIncludes(await ask(api, "pg_add_source", source("MISSING")), {
      status: 400,
      body: { code: "invalid-configuration", error: missing },
    });
    await ask(api, "replace_metadata", {
      allow_inconsistent_metadata: true,
      metadata: {
        version: 3,
        sources: [{ ...source("MISSING"), kind: "postgres", tables: [] }],
      },
    });
    assertIncludes((await ask(api, "get_inconsistent_metadata")).body, {
      inconsistent_objects: [
        {
          type: "source",
          name: "source other",
          definition: "other",
          reason: missing,
        },
      ],
    });
    assertIncludes(await api.sql("select 1", { source: "other" }), {
      status: 400,
      body: { error: 'source with name "other" is inconsistent' },
    });
  });

  test("a real Hasura's database is refused and left untouched", async (t) => {
    const url = await freshDatabase(t);
    await query(
      url,
      "create schema hdb_catalog; create table hdb_catalog.hdb_version(version text)",
    );
    const foreign = (thrown: unknown) =>
      thrown instanceof Failure && thrown.kind === "usage" && thrown.code === "foreign-hdb-catalog";
    const sources = [{ name: "default", kind: "postgres", url }];
    await assert.rejects(
      startHasuraApi({ metadataUrl: url, sources, adminSecret: "secret" }),
      foreign,
    );
    await assert.rejects(resetCatalog(url), foreign);
    assert.deepEqual(
      await query(
        url,
        "select count(*)::int as n from pg_class where relnamespace = 'hdb_catalog'::regnamespace",
      ),
      [{ n: 1 }],
    );
  });

  test("a reset drops the catalog that was made here, and nothing else", async (t) => {
    const api = await startTestApi(t);
    await api.sql("create table kept()");
    await api.stop();
    await resetCatalog(api.databaseUrl);
    assert.deepEqual(
      await query(
        api.databaseUrl,
        "select to_regnamespace('hdb_catalog') as a, to_regclass('kept')::text as b",
      ),
      [{ a: null, b: "kept" }],
    );
  });

  test("eight APIs that start simultaneously on one empty database make one catalog", async (t) => {
    const url = await freshDatabase(t);
    const sources = [{ name: "default", kind: "postgres", url }];
    const started = await Promise.allSettled(
      Array.from({ length: 8 }, () =>
        startHasuraApi({ metadataUrl: url, sources, adminSecret: "secret" }),
      ),
    );
    for (const one of started) if (one.status === "fulfilled") await one.value.stop();
    assert.deepEqual(
      started.map((one) => one.status),
      started.map(() => "fulfilled"),
    );
    assert.deepEqual(await query(url, "select count(*)::int as n from hdb_catalog.hdb_version"), [
      { n: 1 },
    ]);
  });
});
