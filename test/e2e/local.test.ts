import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { freshDatabase, freshDirectory, query, serverUrl } from "../support/postgres.ts";
import { eventsOf, run, start } from "./support/cli.ts";
import { project, serve, writeMigrations } from "./support/environment.ts";

const users = {
  "1700000000000_users": {
    up: "create table users (id int primary key);",
    down: "drop table users;",
  },
};

/** The code of the failure that ended a command with `--json`. */
function codeOf(ran: Parameters<typeof eventsOf>[0]): string | undefined {
  const last = eventsOf(ran).at(-1);
  return last?.type === "run.failed" ? last.failure.code : undefined;
}

// Each test has its own project.
describe.concurrent("local", () => {
  test("--serve prints the addresses of both services and how to use them; a signal ends it with 0 and no process is left", async (t) => {
    const running = await start(t, ["local", "--serve"], { cwd: await project(t, users) });
    await running.shows(/Ctrl-C/);
    const lambda = /^Lambda +(\S+)$/m.exec(running.stdout)?.[1] ?? "";
    assert.match(running.stdout, new RegExp(`hasura-migrate dev-1 --endpoint-url ${lambda}`));
    const applied = await run(t, ["dev-1", "--endpoint-url", lambda, "--json"]);
    assert.equal(applied.code, 0, applied.stderr);
    running.child.kill("SIGTERM");
    assert.equal((await running.ended).code, 0);
    await assert.rejects(fetch(lambda));
  });

  test("--serve --protected serves a function that refuses what a protected one refuses", async (t) => {
    const cwd = await project(t, {
      "1700000000000_users": { up: "create table users (id int); insert into users values (1);" },
    });
    const served = await serve(t, cwd, ["--protected"]);
    const unconfirmed = await served.run(["prod", "--json"]);
    assert.deepEqual([unconfirmed.code, codeOf(unconfirmed)], [2, "protected"]);
    const bare = await served.run(["prod", "--yes", "--json"]);
    assert.deepEqual([bare.code, codeOf(bare)], [2, "protected"]);
    assert.equal((await served.run(["prod", "--yes=prod"])).code, 0);
    writeMigrations(cwd, { "1700000000100_drop": { up: "drop table users;" } });
    const risky = await served.run(["prod", "--yes=prod", "--json"]);
    assert.deepEqual([risky.code, codeOf(risky)], [2, "risk-not-allowed"]);
    const allowed = await served.run(["prod", "--yes=prod", "--allow", "drop-data"]);
    assert.equal(allowed.code, 0, allowed.stderr);
  });

  test("the metadata's webhooks may name the variables of the command", async (t) => {
    const cwd = await project(t, users);
    mkdirSync(join(cwd, "metadata/databases"), { recursive: true });
    const files = {
      "version.yaml": "version: 3\n",
      "databases/databases.yaml":
        "- name: default\n  kind: postgres\n  configuration:\n    connection_info:\n      database_url:\n        from_env: HASURA_GRAPHQL_DATABASE_URL\n  tables: []\n",
      "actions.graphql": "type Query { ping: String }\n",
      "actions.yaml":
        "actions:\n  - name: ping\n    definition:\n      kind: \"\"\n      handler: '{{PING_URL}}'\n",
    };
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(cwd, "metadata", name), text);
    const apply = ["apply", "local", "--metadata", "--yes", "--json"];
    const missing = await run(t, apply, { cwd });
    assert.deepEqual([missing.code, codeOf(missing)], [7, "would-be-inconsistent"]);
    const set = await run(t, apply, { cwd, env: { PING_URL: "http://127.0.0.1:1/" } });
    assert.equal(set.code, 0, set.stderr);
  });

  test("two concurrent runs on one project share its database, and the second sees what the first one did", async (t) => {
    const cwd = await project(t, users);
    const serving = await start(t, ["local", "--serve", "--json"], { cwd });
    await serving.shows(/\n/);
    const { databaseUrl, server } = JSON.parse(serving.stdout) as {
      databaseUrl: string;
      server: string;
    };
    assert.deepEqual(await query(databaseUrl, "select 1 as one"), [{ one: 1 }]);
    assert.match(server, /PostgreSQL \d+\.\d+.*, data in [~/]\S+\/data$/);
    const first = await run(t, ["local"], { cwd });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /^\S+ local .*PostgreSQL \d+\.\d+.*, data in [~/]\S+\/data$/m);
    const second = await run(t, ["status", "local", "--check"], { cwd });
    assert.equal(second.code, 0, second.stderr);
    assert.equal(readFileSync(join(cwd, ".hasura-migrate/.gitignore"), "utf8"), "*\n");
  });

  test("a database of another major version is refused with the command that gives it up, which works", async (t) => {
    const cwd = await project(t, users);
    const first = await run(t, ["local"], { cwd });
    const data = /data in (\S+)/.exec(first.stderr)?.[1] ?? "";
    writeFileSync(join(data, "PG_VERSION"), "9\n");
    const refused = await run(t, ["local"], { cwd });
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /the old one are lost[^]*hasura-migrate local --reset/);
    const reset = await run(t, ["local", "--reset"], { cwd });
    assert.equal(reset.code, 0, reset.stderr);
    assert.equal((await run(t, ["status", "local", "--check"], { cwd })).code, 0);
  });

  test("the server left behind by a killed run is found and used again", async (t) => {
    const cwd = await project(t, users);
    const serving = await start(t, ["local", "--serve", "--json"], { cwd });
    await serving.shows(/\n/);
    serving.child.kill("SIGKILL");
    await serving.ended;
    const next = await run(t, ["local", "--json"], { cwd });
    assert.equal(next.code, 0, next.stderr);
  });

  test("each database of a project is a source with its own Postgres database", async (t) => {
    const cwd = await project(t, users);
    const folder = join(cwd, "migrations/reports/1700000000001_sums");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "up.sql"), "create table sums (n int);");
    const databaseUrl = await freshDatabase(t);
    t.onTestFinished(async () => {
      await query(
        serverUrl(),
        `drop database if exists "${new URL(databaseUrl).pathname.slice(1)}_reports" with (force)`,
      );
    });
    const ran = await run(t, ["local", "--database-url", databaseUrl, "--json"], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    const applied = eventsOf(ran).flatMap((event) =>
      event.type === "migration.applied" ? [`${event.database} ${event.name}`] : [],
    );
    assert.deepEqual(applied.sort(), ["default users", "reports sums"]);
    const status = await run(t, ["status", "local", "--check", "--database-url", databaseUrl], {
      cwd,
    });
    assert.equal(status.code, 0, "every operation reaches a database of one's own");
    const embedded = await run(t, ["status", "local", "--check"], { cwd });
    assert.equal(embedded.code, 6, "and the embedded one is another");
    const reports = await query(
      `${databaseUrl}_reports`,
      "select to_regclass('sums')::text as sums, to_regclass('users')::text as users",
    );
    assert.deepEqual(reports, [{ sums: "sums", users: null }]);
  });

  test("the database of a real Hasura is refused and left as it was", async (t) => {
    const cwd = await project(t, users);
    mkdirSync(join(cwd, "migrations/reports/1700000000001_sums"), { recursive: true });
    writeFileSync(join(cwd, "migrations/reports/1700000000001_sums/up.sql"), "select 1;");
    const databaseUrl = await freshDatabase(t);
    await query(databaseUrl, "create schema hdb_catalog");
    await query(databaseUrl, "create table hdb_catalog.hdb_version (version text)");
    const ran = await run(t, ["local", "--database-url", databaseUrl], { cwd });
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /belongs to a real Hasura/);
    const tables = await query(
      databaseUrl,
      "select table_name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')",
    );
    assert.deepEqual(tables, [{ table_name: "hdb_version" }]);
    const beside = await query(
      databaseUrl,
      `select datname from pg_database where datname like '${new URL(databaseUrl).pathname.slice(1)}_%'`,
    );
    assert.deepEqual(beside, []);
  });

  test("the settings of the ledger reach the local function, and no others", async (t) => {
    const cwd = await project(t, users);
    const databaseUrl = await freshDatabase(t);
    const env = { HASURA_MIGRATE_LEDGER: "off", HASURA_MIGRATE_LOG_LEVEL: "nonsense" };
    const ran = await run(t, ["local", "--database-url", databaseUrl], { cwd, env });
    assert.equal(ran.code, 0, ran.stderr);
    const schemas = "select to_regnamespace('hasura_migrate')::text as ledger";
    assert.deepEqual(await query(databaseUrl, schemas), [{ ledger: null }]);
  });

  test("--reset never touches a database given with --database-url, and an invalid address is refused", async (t) => {
    const cwd = await project(t, users);
    const databaseUrl = await freshDatabase(t);
    const reset = await run(t, ["local", "--reset", "--database-url", databaseUrl], { cwd });
    assert.deepEqual(
      [reset.code, /embedded database only/.test(reset.stderr)],
      [2, true],
      reset.stderr,
    );
    const wrong = await run(t, ["local", "--database-url", "mysql://x"], { cwd });
    assert.deepEqual([wrong.code, /postgres:\/\//.test(wrong.stderr)], [2, true], wrong.stderr);
    const nobody = await run(t, ["local", "--database-url", "postgres://127.0.0.1:1/x"], { cwd });
    assert.equal(nobody.code, 4, nobody.stderr);
  });

  test("outside a project, local reports what is missing and starts nothing", async (t) => {
    const ran = await run(t, ["local"], { cwd: await freshDirectory(t) });
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /no Hasura project[\s\S]*--migrations/);
  });

  test("an older project runs as well: files of config version 1 lie flat", async (t) => {
    const directory = await freshDirectory(t);
    mkdirSync(join(directory, "migrations"));
    writeFileSync(
      join(directory, "migrations/1700000000000_users.up.sql"),
      "create table users (id int);",
    );
    const served = await serve(t, join(directory, "migrations"));
    const ran = await served.run(["dev-1"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.deepEqual(
      await query(served.databaseUrl, "select to_regclass('users')::text as users"),
      [{ users: "users" }],
    );
  });
});
