import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { Failure } from "../../src/protocol/failure.ts";
import type { VerifyEvent } from "../../src/protocol/verification.ts";
import { databasesDirectory } from "../../src/local/postgres/data-directory.ts";
import { serverUser } from "../../src/local/postgres/server-user.ts";
import { freshDatabase, query, serverUrl } from "../support/postgres.ts";
import { poolerOf } from "./support/pooler.ts";
import {
  migrations,
  onSharedServer,
  outline,
  problemsOf,
  project,
  statesOf,
  verified,
} from "./support/verified.ts";

const orders = [
  "create table orders (id int primary key, total int)",
  "drop table orders",
] as const;

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`no failure: ${String(thrown)}`, { cause: thrown });
}

async function databasesOfVerify(): Promise<unknown[]> {
  return query(
    serverUrl(),
    "SELECT datname FROM pg_database WHERE datname LIKE 'hasura\\_migrate\\_verify%'",
  );
}

describe("a migration that is applied, rolled back and applied again", () => {
  test("is ok if its down undoes it", async (t) => {
    const directory = await project(t, migrations({ "1_orders": orders }));
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(statesOf(events), { 1: "ok" });
    assert.deepEqual(problemsOf(events), []);
    assert.deepEqual(events.at(-1), {
      type: "verify.finished",
      ...{ ok: 1, errors: 0, warnings: 0, notReached: 0, tookMs: 0 },
    });
  });

  test("is committed without waiting for the disk", async (t) => {
    const isOff =
      "do $$ begin assert (select setting = 'off' and source = 'client' from pg_settings where name = 'synchronous_commit'); end $$";
    const files = migrations({ "1_orders": [`${orders[0]}; ${isOff}`, `${orders[1]}; ${isOff}`] });
    const events = await verified(await project(t, files), onSharedServer());
    assert.deepEqual(statesOf(events), { 1: "ok" });
  });

  test("lists what its down leaves over, changes or wrongly drops; the next migration is checked independently", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_orders": orders,
        "2_index": [
          "create index if not exists orders_total on orders (total); alter table orders alter total type bigint",
          "select 1",
        ],
        "3_note": ["alter table orders add note text", "alter table orders drop note, drop total"],
        "4_flag": ["alter table orders add flag bool", "alter table orders drop flag"],
      }),
    );
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(statesOf(events), { 1: "ok", 2: "failed", 3: "failed", 4: "ok" });
    assert.deepEqual(outline(events), [
      "down-differs · 2_index/down.sql · column orders.total: type bigint, was integer · index orders_total is left over",
      "down-differs · 3_note/down.sql · column orders.total is missing · index orders_total is missing",
    ]);
  });

  test("shows where up.sql fails the second time", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_orders": orders,
        "2_index": ["select 1;\n  create index orders_total on orders (total);", "select 1"],
      }),
    );
    assert.deepEqual(outline(await verified(directory, onSharedServer())), [
      "down-differs · 2_index/down.sql · index orders_total is left over",
      "up-again-failed · 2_index/up.sql:2:3",
    ]);
  });

  test("continues after a down that fails, even one that has done half of its work", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_orders": orders,
        "2_a": ["create table a (id int)", "drop table a; drop table nothing"],
        "3_b": [
          "create table b (id int); create table c (id int)",
          "-- hasura:no-transaction\ndrop table b;\ndrop table nothing",
        ],
        "4_c": [
          "alter table b add x int; alter table a add x int",
          "alter table b drop x; alter table a drop x",
        ],
      }),
    );
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(outline(events), [
      "down-failed · 2_a/down.sql:1:15",
      "down-failed · 3_b/down.sql:3:1",
    ]);
    assert.deepEqual(statesOf(events), { 1: "ok", 2: "failed", 3: "failed", 4: "ok" });
  });

  test("ends the check of a database if its up fails, and counts what was not reached", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_a": ["select 1/0", "select 1"],
        "2_b": orders,
        "3_c": ["select 2", "select 2"],
      }),
    );
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(outline(events), ["up-failed · 1_a/up.sql:1:1"]);
    assert.deepEqual(events.at(-1), {
      type: "verify.finished",
      ...{ ok: 0, errors: 1, warnings: 0, notReached: 2, tookMs: 0 },
    });
  });
});

describe("the place of an error", () => {
  const cases: readonly (readonly [what: string, sql: string, place: string])[] = [
    ["a syntax error", "select 1;\nselekt 2;", "2:1"],
    ["a missing name, where PostgreSQL knows the position", "select 1;\nselect nothing;", "2:8"],
    [
      "a violated constraint, of which it knows none",
      "create table t (id int primary key);\ninsert into t values (1);\n  insert into t values (1);",
      "3:3",
    ],
    ["after characters of four bytes", "select '😀';\nselect '😀', nothing;", "2:13"],
    [
      "after a function with a body of statements",
      "create function f() returns int language sql begin atomic select 1; select case when true then 2 end; end;\nselect 1/0;",
      "2:1",
    ],
    [
      "after a rule with several statements",
      "create table r (id int);\ncreate rule x as on insert to r do instead (select 1; select 2);\nselect 1/0;",
      "3:1",
    ],
    ["inside of a function that is called", "do $$ begin\n perform 1/0;\nend $$;", "1:1"],
    ["outside a transaction", "-- hasura:no-transaction\nselect 1;\nselect nothing;", "3:8"],
    [
      "outside a transaction, behind a comment",
      "-- hasura:no-transaction\nselect 1; /* ; */\nselect /* x */ nothing;",
      "3:1",
    ],
  ];

  test.for(cases)("%s", async ([, sql, place], t) => {
    const directory = await project(t, migrations({ "1_a": [sql] }));
    assert.deepEqual(outline(await verified(directory, onSharedServer())), [
      `up-failed · 1_a/up.sql:${place}`,
    ]);
  });

  test("is not shown with a password that the file contains", async (t) => {
    const sql = "select 'password=hunter22' || 1/0, nothing";
    const directory = await project(t, migrations({ "1_a": [sql] }));
    const events = await verified(directory, onSharedServer());
    assert.doesNotMatch(JSON.stringify(events), /hunter22/);
  });
});

describe("files that are not what they seem", () => {
  test("are named: no down, an empty one, one of comments only, no statement, other names", async (t) => {
    const directory = await project(t, {
      ...migrations({
        "1_a": ["create table a (id int)"],
        "2_b": ["create table b (id int)", ""],
        "3_c": ["create table c (id int)", "-- drop table c\n/* never */"],
        "4_d": ["-- later\n", "select 1"],
        "5_e": ["", "select 1"],
      }),
      "migrations/default/6-f/up.sql": "select 1",
      "migrations/default/7_g/up.sql.txt": "select 1",
    });
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(
      outline(events).filter((each) => !each.startsWith("ignored-file")),
      [
        "down-missing · 1_a/up.sql",
        "down-missing · 2_b/up.sql",
        "down-blank · 3_c/down.sql",
        "up-blank · 4_d/up.sql",
        "up-missing · 5_e/down.sql",
      ],
    );
    const ignored = problemsOf(events).filter(({ code }) => code === "ignored-file");
    const words = ignored.map(({ message }) => message).join(" ");
    for (const name of ["6-f", "7_g", "5_e"]) assert.match(words, new RegExp(name));
    assert.ok(problemsOf(events).every(({ severity }) => severity === "warning"));
  });

  test("with config version 2, and with several databases, are found where they are", async (t) => {
    const second = await project(t, {
      "config.yaml": "version: 2\n",
      "migrations/1_a/up.sql": orders[0],
      "migrations/1_a/down.sql": "select 1",
    });
    assert.deepEqual(outline(await verified(second, onSharedServer())), [
      "down-differs · migrations/1_a/down.sql · table orders is left over",
      "up-again-failed · migrations/1_a/up.sql:1:1",
    ]);
    const several = await project(t, {
      ...migrations({ "1_a": orders }),
      "migrations/billing/1_a/up.sql": orders[0],
      "migrations/billing/1_a/down.sql": orders[1],
    });
    const started = (await verified(several, onSharedServer()))[1];
    assert.deepEqual(started?.type === "verify.started" && started.databases, [
      { database: "billing", migrations: 1, checked: 1 },
      { database: "default", migrations: 1, checked: 1 },
    ]);
    const one = (await verified(several, onSharedServer({ database: "billing" })))[1];
    assert.equal(one?.type === "verify.started" && one.databases.length, 1);
    const failure = await failureOf(verified(several, onSharedServer({ database: "bill" })));
    assert.equal(failure.code, "unknown-database");
  });
});

describe("sessions", () => {
  test("do not hand settings of one file to the next", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_a": [
          "select set_config('search_path', '', false); create schema s; set search_path to s",
          "drop schema s",
        ],
        "2_b": ["create table b (id int)", "drop table public.b"],
        "3_c": ["create temp table t (id int)", "select 1"],
      }),
    );
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(outline(events), []);
  });
});

describe("extensions", () => {
  test("that Hasura installs in a new database can be used", async (t) => {
    const dumped = "create table public.a (id uuid default public.gen_random_uuid() not null)";
    const directory = await project(t, migrations({ "1_init": [dumped, "drop table public.a"] }));
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(statesOf(events), { 1: "ok" });
  });

  test("that the server lacks are listed with file and line, before anything is run", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_a": ["select 1/0"],
        "2_b": [
          'create extension if not exists hstore;\n\nCREATE EXTENSION IF NOT EXISTS "postgis" with schema public;',
        ],
        "3_c": ["do $$ begin\n create extension vector; end $$"],
        "4_d": ["-- create extension nothing\nselect 'create extension nothing'"],
      }),
    );
    const events: VerifyEvent[] = [];
    const failure = await failureOf(
      verified(directory, onSharedServer({ emit: (event) => events.push(event) })),
    );
    assert.equal(failure.code, "extension-missing");
    assert.match(
      failure.message,
      /postgis \(migrations\/default\/2_b\/up\.sql:3\), vector \(migrations\/default\/3_c\/up\.sql:2\)\.$/,
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ["verify.progress"],
    );
    assert.deepEqual(await databasesOfVerify(), []);
  });

  test("are shown with a command that starts a container with them", async (t) => {
    const directory = await project(
      t,
      migrations({ "1_a": ["create extension postgis_topology"] }),
    );
    const { hints } = await failureOf(verified(directory, onSharedServer()));
    const commands = hints.flatMap((hint) =>
      hint.kind === "command" ? [hint.argv.join(" ")] : [],
    );
    assert.match(
      commands.join("\n"),
      /^docker run .*--publish 127\.0\.0\.1:54320:5432 .*postgis\/postgis:/m,
    );
  });
});

describe("a given server", () => {
  test("contains no database or role of verify afterwards", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_a": [
          "create role verify_joe; create table a (id int); grant select on a to verify_joe",
          "drop table a",
        ],
        "2_b": ["create table b (id int)", "drop table b"],
      }),
    );
    const refused = await failureOf(verified(directory, onSharedServer()));
    assert.equal(refused.code, "server-wide-statement");
    assert.match(refused.message, /CREATE ROLE \(migrations\/default\/1_a\/up\.sql:1\)/);
    const events = await verified(directory, onSharedServer({ throwaway: true }));
    assert.deepEqual(outline(events), [
      "down-differs · 1_a/down.sql · role verify_joe is left over",
      "up-again-failed · 1_a/up.sql:1:1",
    ]);
    assert.deepEqual(statesOf(events), { 1: "failed", 2: "ok" });
    assert.deepEqual(await databasesOfVerify(), []);
    assert.deepEqual(
      await query(serverUrl(), "SELECT 1 FROM pg_roles WHERE rolname = 'verify_joe'"),
      [],
    );
  });

  test("is not used through a pooler that maps every name to one database", async (t) => {
    const directory = await project(t, migrations({ "1_a": orders }));
    const { url, database } = await poolerOf(t, await freshDatabase(t));
    const refused = await failureOf(verified(directory, { databaseUrl: url }));
    assert.equal(refused.code, "database-refused");
    assert.match(refused.message, /a connection pooler; no migration was run/);
    const schemas = "SELECT nspname FROM pg_namespace WHERE nspname = 'hdb_catalog'";
    assert.deepEqual(await query(database, schemas), []);
    assert.deepEqual(await databasesOfVerify(), []);
  });

  test("that is read-only, does not let the user create databases, or refuses the password, is refused with advice", async (t) => {
    const directory = await project(t, migrations({ "1_a": orders }));
    const name = `verify_user_${process.pid}`;
    await query(serverUrl(), `CREATE ROLE ${name} LOGIN PASSWORD 'secret'`);
    t.onTestFinished(async () => {
      await query(serverUrl(), `DROP ROLE ${name}`);
    });
    const as = (password: string, options = ""): string => {
      const url = new URL(serverUrl());
      url.username = name;
      url.password = password;
      return `${url.href}${options}`;
    };
    const denied = await failureOf(verified(directory, { databaseUrl: as("secret") }));
    assert.equal(denied.code, "database-refused");
    assert.match(denied.message, /does not let this user create databases/);
    const wrong = await failureOf(verified(directory, { databaseUrl: as("wrong") }));
    assert.equal(wrong.code, "database-unreachable");
    assert.doesNotMatch(wrong.message, /wrong/);
    await query(serverUrl(), `ALTER ROLE ${name} CREATEDB`);
    await query(serverUrl(), `ALTER ROLE ${name} SET default_transaction_read_only TO on`);
    const readOnly = await failureOf(verified(directory, { databaseUrl: as("secret") }));
    assert.match(readOnly.message, /read-only/);
    await query(serverUrl(), `ALTER ROLE ${name} SET default_transaction_read_only TO off`);
    assert.deepEqual(outline(await verified(directory, { databaseUrl: as("secret") })), []);
  });
});

describe("a server that is started", () => {
  // Of this process; other tests may start some at the same time.
  const servers = async (): Promise<string[]> =>
    (await readdir(await databasesDirectory(await serverUser()))).filter((name) =>
      name.startsWith(`hasura-migrate-once-${process.pid}-`),
    );

  test("is removed at the end, and migrations do not run as a superuser there", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_a": ["create extension hstore; create role joe", "drop extension hstore; drop role joe"],
        "2_b": ["copy (select 1) to program 'true'", "select 1"],
      }),
    );
    const before = await servers();
    const events = await verified(directory, {});
    assert.deepEqual(outline(events), ["up-failed · 2_b/up.sql:1:1"]);
    assert.equal(problemsOf(events)[0]?.sql?.sqlstate, "42501");
    assert.deepEqual(await servers(), before);
  });

  test("is removed when the run is interrupted in a long statement", async (t) => {
    const directory = await project(t, migrations({ "1_a": ["select pg_sleep(600)"] }));
    const interrupt = new AbortController();
    const before = await servers();
    const failure = await failureOf(
      verified(directory, {
        signal: interrupt.signal,
        emit: ({ type }) => {
          if (type === "verify.started") setImmediate(() => interrupt.abort());
        },
      }),
    );
    assert.equal(failure.kind, "interrupted");
    assert.deepEqual(await servers(), before);
  });

  test("is started from a directory that must contain its programs", async (t) => {
    const directory = await project(t, migrations({ "1_a": orders }));
    await writeFile(join(directory, "postgres"), "");
    const failure = await failureOf(verified(directory, { postgresBin: directory }));
    assert.equal(failure.code, "postgres-bin-unusable");
  });
});
