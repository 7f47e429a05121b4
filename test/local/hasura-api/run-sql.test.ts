import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "vitest";
import pg from "pg";
import type { DriverFaults } from "../../../src/local/hasura-api/index.ts";
import { connectionError } from "../../../src/local/hasura-api/pool.ts";
import { freshDatabase, query } from "../../support/postgres.ts";
import { startTestApi } from "../../support/hasura-api.ts";
import { assertIncludes } from "../../support/partial.ts";

const refused = (statement: string, error: unknown) => ({
  status: 400,
  body: {
    error: "query execution failed",
    path: "$.args",
    code: "postgres-error",
    internal: { statement, prepared: false, error, arguments: [] },
  },
});
const fatal = (status_code: string, message: string, more = {}) => ({
  exec_status: "FatalError",
  hint: null,
  message,
  status_code,
  description: null,
  ...more,
});

describe("run SQL", () => {
  test("the last result counts, values are text, the first row holds the names", async (t) => {
    const api = await startTestApi(t);
    assert.deepEqual(
      await api.sql(
        "select 1; select 2.50::numeric as n, null as empty, true as yes, 'x'::bytea as b, '2026-01-02'::date as d",
      ),
      {
        status: 200,
        body: {
          result_type: "TuplesOk",
          result: [
            ["n", "empty", "yes", "b", "d"],
            ["2.50", null, "t", "\\x78", "2026-01-02"],
          ],
        },
      },
    );
    assert.deepEqual(await api.sql("select 1; create table t()"), {
      status: 200,
      body: { result_type: "CommandOk", result: null },
    });
  });

  test("a statement that fails rolls everything back, and the database's message is returned", async (t) => {
    const api = await startTestApi(t);
    const sql = "create table t(id int primary key); insert into t values (1), (1)";
    const error = fatal("23505", 'duplicate key value violates unique constraint "t_pkey"', {
      description: "Key (id)=(1) already exists.",
    });
    assert.deepEqual(await api.sql(sql), refused(sql, error));
    assert.deepEqual(await query(api.databaseUrl, "select to_regclass('t') as t"), [{ t: null }]);
  });

  test("a text without a statement and COPY with the client are refused as by a real server", async (t) => {
    const api = await startTestApi(t);
    const empty = {
      exec_status: "EmptyQuery",
      hint: null,
      message: null,
      status_code: null,
      description: null,
    };
    for (const sql of ["-- nothing", ";", "  "])
      assert.deepEqual(await api.sql(sql), refused(sql, empty));
    await api.sql("create table t(id int)");
    assert.deepEqual(
      await api.sql("copy t from stdin"),
      refused("copy t from stdin", "Unexpected execStatus: CopyIn"),
    );
    assert.deepEqual(
      await api.sql("copy t to stdout"),
      refused("copy t to stdout", "Unexpected execStatus: CopyOut"),
    );
    assert.equal((await api.sql("select 1")).status, 200);
  });

  test("with hidden internals, the three other keys remain", async (t) => {
    const api = await startTestApi(t, { hideInternals: true });
    assert.deepEqual(await api.sql("select 1/0"), {
      status: 400,
      body: { error: "query execution failed", path: "$.args", code: "postgres-error" },
    });
  });

  test("a constraint that fails at COMMIT is the server's own error, with status 500", async (t) => {
    const api = await startTestApi(t);
    const { status, body } = await api.sql(
      "create table d(a int unique deferrable initially deferred); insert into d values (1), (1)",
    );
    assert.equal(status, 500);
    assertIncludes(body, {
      error: "database query error",
      code: "unexpected",
      internal: { statement: "COMMIT", prepared: true },
    });
  });

  test("three messages go to the database, in the isolation level of the source", async (t) => {
    const messages: string[] = [];
    const url = await freshDatabase(t);
    const faults: DriverFaults = {
      beforeMessage: (kind, sql) => void messages.push(`${kind}: ${sql}`),
    };
    const api = await startTestApi(t, {
      metadataUrl: url,
      sources: [{ name: "default", kind: "postgres", url, isolationLevel: "repeatable-read" }],
      faults,
    });
    const isolation = await api.sql(
      "select current_setting('transaction_isolation') as transaction_isolation, current_setting('client_min_messages') as client_min_messages",
    );
    assertIncludes(isolation.body, {
      result: [
        ["transaction_isolation", "client_min_messages"],
        ["repeatable read", "warning"],
      ],
    });
    await api.sql("select 2", { read_only: true });
    assert.deepEqual(messages, [
      "begin: BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
      "query: select current_setting('transaction_isolation') as transaction_isolation, current_setting('client_min_messages') as client_min_messages",
      "commit: COMMIT",
      "begin: BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
      "query: select 2",
      "commit: COMMIT",
    ]);
    assert.equal((await api.sql("create table t()", { read_only: true })).status, 400);
  });

  test("a connection lost at COMMIT: it is sent again on a new one, does nothing, and counts as success", async (t) => {
    const commits: number[] = [];
    const faults: DriverFaults = {
      beforeMessage: async (kind, _sql, session) => {
        if (kind !== "commit") return;
        commits.push(session.pid);
        if (commits.length === 1) session.cut();
      },
    };
    const api = await startTestApi(t, { faults });
    assert.deepEqual(await api.sql("create table lost()"), {
      status: 200,
      body: { result_type: "CommandOk", result: null },
    });
    assert.equal(new Set(commits).size, 2);
    assert.deepEqual(await query(api.databaseUrl, "select to_regclass('lost') as t"), [
      { t: null },
    ]);
  });

  test("a connection lost during the text: it is sent again, outside the transaction", async (t) => {
    let cut = false;
    const faults: DriverFaults = {
      beforeMessage: (kind, _sql, session) => {
        if (kind === "query" && !cut) {
          cut = true;
          session.cut();
        }
      },
    };
    const api = await startTestApi(t, { faults });
    assert.equal((await api.sql("create table again(); select 1")).status, 200);
    assert.deepEqual(await query(api.databaseUrl, "select to_regclass('again')::text as t"), [
      { t: "again" },
    ]);
  });

  test("a session that ends itself twice is a connection error, and the next request has a new one", async (t) => {
    const api = await startTestApi(t);
    const { status, body } = await api.sql("select pg_terminate_backend(pg_backend_pid())");
    assert.equal(status, 500);
    assertIncludes(body, { error: "connection error", code: "postgres-error" });
    assert.equal((await api.sql("select 1")).status, 200);
  });

  test("a database without a free connection has its own error code", () => {
    const answer = (message: string): (number | string)[] => {
      const { status, code } = connectionError(new Error(message));
      return [status, code];
    };
    const full = [500, "postgres-max-connections-error"];
    assert.deepEqual(answer("sorry, too many clients already"), full);
    assert.deepEqual(
      answer("remaining connection slots are reserved for roles with the SUPERUSER attribute"),
      full,
    );
    assert.deepEqual(answer("connect ECONNREFUSED 127.0.0.1:1"), [500, "postgres-error"]);
  });

  test("requests run concurrently, each on its own connection", async (t) => {
    const api = await startTestApi(t);
    const holder = new pg.Client({ connectionString: api.databaseUrl });
    await holder.connect();
    await holder.query("select pg_advisory_lock(7)");
    const waiting = api.sql("select pg_advisory_xact_lock(7)");
    assert.equal((await api.sql("select 1")).status, 200);
    await holder.end();
    assert.equal((await waiting).status, 200);
  });

  test("no_transaction splits the text at semicolons: what ran before a failure remains", async (t) => {
    const api = await startTestApi(t);
    const noTransaction = { no_transaction: true };
    assert.equal(
      (
        await api.sql(
          "create table t(id int); create index concurrently i on t(id);",
          noTransaction,
        )
      ).status,
      200,
    );
    assert.deepEqual(
      await api.sql("create table kept(); selekt 1; create table never()", noTransaction),
      refused("selekt 1", fatal("42601", 'syntax error at or near "selekt"')),
    );
    assert.deepEqual(
      await query(
        api.databaseUrl,
        "select to_regclass('kept')::text as a, to_regclass('never') as b",
      ),
      [{ a: "kept", b: null }],
    );
  });

  test("a server before 2.45.3 silently ignores no_transaction", async (t) => {
    const api = await startTestApi(t, { version: "v2.44.0" });
    const { status, body } = await api.sql(
      "create table t(id int); create index concurrently i on t(id)",
      { no_transaction: true },
    );
    assert.equal(status, 400);
    assertIncludes(body, { internal: { error: { status_code: "25001" } } });
  });

  test("the items of a bulk are separate transactions, and an error names its position", async (t) => {
    const api = await startTestApi(t);
    const item = (sql: string) => ({ type: "run_sql", args: { sql } });
    const { status, body } = await api.post("/v2/query", {
      type: "bulk",
      args: [item("create table one()"), item("selekt"), item("create table three()")],
    });
    assert.equal(status, 400);
    assertIncludes(body, { path: "$.args[1].args" });
    assert.deepEqual(
      await query(
        api.databaseUrl,
        "select to_regclass('one')::text as a, to_regclass('three') as b",
      ),
      [{ a: "one", b: null }],
    );
  });

  test("wrong requests get the server's messages", async (t) => {
    const api = await startTestApi(t);
    const cases: [unknown, string, string][] = [
      [{ type: "nonsense", args: {} }, "Unrecognised RQLQuery type: nonsense", "$"],
      [{ type: "run_sql", args: {} }, 'key "sql" not found', "$.args"],
      [
        { type: "run_sql", args: { sql: "select 1", source: "other" } },
        'source with name "other" does not exist',
        "$.args",
      ],
      [
        { type: "mssql_run_sql", args: { sql: "select 1" } },
        'source with name "default" has backend type "postgres" which does not match the expected type mssql',
        "$.args",
      ],
      [
        { type: "citus_run_sql", args: { sql: "select 1" } },
        'source with name "default" has backend type "postgres" which does not match the expected type citus',
        "$.args",
      ],
    ];
    for (const [request, error, path] of cases)
      assertIncludes(await api.post("/v2/query", request), { status: 400, body: { error, path } });
    assertIncludes(await api.post("/v2/query", "{"), {
      status: 400,
      body: { code: "invalid-json" },
    });
    assertIncludes(await api.post("/v3/query", {}), {
      status: 404,
      body: { error: "resource does not exist", code: "not-found" },
    });
  });

  test("the admin secret is required, with the server's message", async (t) => {
    const api = await startTestApi(t);
    const names = '"x-hasura-admin-secret"/"x-hasura-access-key"';
    const request = { type: "get_catalog_state", args: {} };
    assert.deepEqual(await api.post("/v1/metadata", request, {}), {
      status: 401,
      body: { error: `${names} required, but not found`, path: "$", code: "access-denied" },
    });
    assert.deepEqual(await api.post("/v1/metadata", request, { "x-hasura-admin-secret": "" }), {
      status: 401,
      body: { error: `invalid ${names}`, path: "$", code: "access-denied" },
    });
    assert.equal(
      (await api.post("/v1/metadata", request, { "x-hasura-access-key": "test-admin-secret" }))
        .status,
      200,
    );
    assert.equal((await fetch(`${api.url}/v1/version`)).status, 200);
  });

  test("stopping does not wait for clients that keep their connection open", async (t) => {
    const api = await startTestApi(t);
    const { connect } = await import("node:net");
    const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.write("GET /v1/version HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(socket, "data");
    const startedAt = performance.now();
    await api.stop();
    // Node itself would keep such a connection for 5 s.
    assert.ok(performance.now() - startedAt < 4_500);
    socket.destroy();
  });
});
