import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { query } from "../support/postgres.ts";
import { eventsOf } from "./support/cli.ts";
import { project, serve } from "./support/environment.ts";

const three = {
  "1700000000100_one": { up: "CREATE TABLE one (id integer);", down: "DROP TABLE one;" },
  "1700000000200_two": { up: "CREATE TABLE two (id integer);", down: "DROP TABLE two;" },
  "1700000000300_three": { up: "CREATE TABLE three (id integer);" },
};

const tablesOf = async (url: string): Promise<string[]> => {
  const rows = await query(
    url,
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
  );
  return rows.map(({ relname }) => String(relname));
};

// Each test has its own environment.
describe.concurrent("operations", () => {
  test("plan shows what apply would run, with its SQL, and runs nothing", async (t) => {
    const served = await serve(t, await project(t, three));
    const { code, stdout, stderr } = await served.run(["plan", "dev-1"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /1700000000100[^]*CREATE TABLE one[^]*1700000000200[^]*CREATE TABLE two/);
    assert.deepEqual(await tablesOf(served.databaseUrl), []);
  });

  test("status distinguishes applied from pending, and --check exits with 6 while something is pending", async (t) => {
    const served = await serve(t, await project(t, three));
    assert.equal((await served.run(["dev-1", "--to", "1700000000200"])).code, 0);
    const status = await served.run(["status", "dev-1", "--json"]);
    assert.equal(status.code, 0, status.stderr);
    const rows = eventsOf(status).flatMap((event) =>
      event.type === "status" ? event.databases.flatMap(({ migrations }) => migrations) : [],
    );
    assert.deepEqual(
      rows.map(({ version, state }) => [version, state]),
      [
        ["1700000000100", "applied"],
        ["1700000000200", "applied"],
        ["1700000000300", "pending"],
      ],
    );
    assert.equal((await served.run(["status", "dev-1", "--check"])).code, 6);
    assert.equal((await served.run(["dev-1"])).code, 0);
    assert.equal((await served.run(["status", "dev-1", "--check"])).code, 0);
  });

  test("a warm function notices each file that is changed, added or removed between two commands", async (t) => {
    const directory = await project(t, three);
    const served = await serve(t, directory);
    const fileOf = (name: string): string => join(directory, "migrations/default", name, "up.sql");
    const states = async (): Promise<unknown[]> =>
      eventsOf(await served.run(["status", "dev-1", "--json"])).flatMap((event) =>
        event.type === "status"
          ? event.databases.flatMap(({ migrations }) => migrations.map(({ state }) => state))
          : [],
      );
    assert.equal((await served.run(["dev-1"])).code, 0);
    assert.deepEqual(await states(), ["applied", "applied", "applied"]);
    // Of the same length.
    writeFileSync(fileOf("1700000000200_two"), "CREATE TABLE owt (id integer);");
    assert.deepEqual(await states(), ["applied", "changed", "applied"]);
    mkdirSync(join(directory, "migrations/default/1700000000400_four"));
    writeFileSync(fileOf("1700000000400_four"), "SELECT 4;");
    assert.deepEqual(await states(), ["applied", "changed", "applied", "pending"]);
    rmSync(fileOf("1700000000300_three"));
    assert.deepEqual(await states(), ["applied", "changed", "unknown", "pending"]);
    writeFileSync(fileOf("1700000000200_two"), three["1700000000200_two"].up);
    assert.deepEqual(await states(), ["applied", "applied", "unknown", "pending"]);
  });

  test("down rolls back the newest first, needs --yes without a terminal, and refuses without a down file", async (t) => {
    const served = await serve(t, await project(t, three));
    assert.equal((await served.run(["dev-1", "--to", "1700000000200"])).code, 0);

    const unanswered = await served.run(["down", "dev-1"]);
    assert.equal(unanswered.code, 2);
    assert.match(unanswered.stderr, /--yes/);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["one", "two"]);

    assert.equal((await served.run(["down", "dev-1", "--yes"])).code, 0);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["one"]);

    assert.equal((await served.run(["dev-1"])).code, 0);
    const refused = await served.run(["down", "dev-1", "--yes"]);
    assert.equal(refused.code, 2, refused.stdout + refused.stderr);
    assert.match(refused.stderr, /1700000000300/);
    assert.match(refused.stderr, /no down\.sql/);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["one", "three", "two"]);
  });

  test("mark changes the record and runs no SQL", async (t) => {
    const served = await serve(t, await project(t, three));
    const marked = await served.run(["mark", "dev-1", "1700000000100", "--applied"]);
    assert.equal(marked.code, 0, marked.stderr);
    assert.equal((await served.run(["dev-1"])).code, 0);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["three", "two"]);
    assert.equal((await served.run(["mark", "dev-1", "1700000000100", "--pending"])).code, 0);
    assert.equal((await served.run(["dev-1"])).code, 0);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["one", "three", "two"]);
  });

  test("a migration that fails leaves those before it applied, shows why, and those after it pending", async (t) => {
    const served = await serve(
      t,
      await project(t, {
        "1700000000100_one": { up: "CREATE TABLE one (id integer);" },
        "1700000000200_bad": {
          up: "CREATE TABLE half (id integer);\nINSERT INTO missing VALUES (1);\n",
        },
        "1700000000300_three": { up: "CREATE TABLE three (id integer);" },
      }),
    );
    const { code, stderr } = await served.run(["dev-1"]);
    assert.equal(code, 1);
    assert.match(stderr, /1700000000200_bad\/up\.sql/);
    assert.match(stderr, /42P01/);
    assert.match(stderr, /relation "missing" does not exist/);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["one"]);
    const states = eventsOf(await served.run(["status", "dev-1", "--json"])).flatMap((event) =>
      event.type === "status"
        ? event.databases.flatMap(({ migrations }) => migrations.map(({ state }) => state))
        : [],
    );
    assert.deepEqual(states, ["applied", "pending", "pending"]);
    assert.equal((await served.run(["dev-1"])).code, 1, "a second run meets the same failure");
  });

  test("a missing function and an unreachable one have their own exit codes", async (t) => {
    const served = await serve(t, await project(t, three));
    const { server, lambdaUrl } = served;
    server.child.kill("SIGTERM");
    const ended = await server.ended;
    assert.ok(
      ended.code === 0 || ended.code === 130,
      `SIGTERM ends --serve in order, not with ${String(ended.code)}`,
    );
    const unreachable = await served.run(["status", "dev-1"]);
    assert.equal(unreachable.code, 4, unreachable.stderr);
    assert.ok(unreachable.stderr.includes(new URL(lambdaUrl).host), unreachable.stderr);
  });

  test("a redo that fails half-way suggests apply, and another redo rolls back nothing else", async (t) => {
    const files = { "1_one": three["1700000000100_one"], "2_two": three["1700000000200_two"] };
    const directory = await project(t, files);
    const served = await serve(t, directory);
    assert.equal((await served.run(["dev-1"])).code, 0);
    const up = join(directory, "migrations/default/2_two/up.sql");
    writeFileSync(up, "CREATE TABLE two (id numerc);");
    const failed = await served.run(["redo", "dev-1", "--yes"]);
    assert.equal(failed.code, 1, failed.stderr);
    assert.match(failed.stderr, /→ 2_two has been rolled back and is pending\./);
    assert.match(failed.stderr, /: hasura-migrate dev-1 --endpoint-url /);
    assert.doesNotMatch(failed.stderr, /hasura-migrate redo/);
    writeFileSync(up, "CREATE TABLE two (id integer);");
    const again = await served.run(["redo", "dev-1", "--yes"]);
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stdout + again.stderr, /1_one/);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["one", "two"]);
  });

  test("one command resolves all versions in doubt", async (t) => {
    const served = await serve(t, await project(t, three));
    assert.equal((await served.run(["dev-1"])).code, 0);
    await query(served.databaseUrl, "DROP SCHEMA hasura_migrate CASCADE");
    const refused = await served.run(["dev-1"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /hasura-migrate mark dev-1 --in-doubt --applied --endpoint-url /);
    const listed = await served.run(["status", "dev-1"]);
    assert.match(listed.stdout, /1700000000300 {2}three [^]*in the database: table three/);
    const unanswered = await served.run(["mark", "dev-1", "--in-doubt", "--applied"]);
    assert.equal(unanswered.code, 2, unanswered.stderr);
    const marked = await served.run(["mark", "dev-1", "--in-doubt", "--applied", "--yes"]);
    assert.equal(marked.code, 0, marked.stderr);
    assert.equal((await served.run(["status", "dev-1", "--check"])).code, 0);
  });
});
