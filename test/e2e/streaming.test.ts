import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import pg from "pg";
import { cleanUp } from "../support/clean-up.ts";
import { query } from "../support/postgres.ts";
import { eventsOf, type Running } from "./support/cli.ts";
import { project, serve, type Served } from "./support/environment.ts";

/** Three migrations, the second of which waits until the test lets go of the table `held`. */
async function heldRun(
  t: TestContext,
  flags: readonly string[],
): Promise<{ served: Served; cli: Running; release: () => Promise<unknown> }> {
  const directory = await project(t, {
    "1700000000100_one": { up: "CREATE TABLE one (id integer);" },
    "1700000000200_waits": { up: "ALTER TABLE held ADD COLUMN added integer;" },
    "1700000000300_three": { up: "CREATE TABLE three (id integer);" },
  });
  const served = await serve(t, directory);
  await query(served.databaseUrl, "CREATE TABLE held (id integer)");
  const holder = new pg.Client({ connectionString: served.databaseUrl });
  await holder.connect();
  cleanUp(t, () => holder.end());
  await holder.query("BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE");
  const cli = await served.start(["dev-1", ...flags]);
  return { served, cli, release: () => holder.query("ROLLBACK") };
}

test("a migration's event arrives while the next one still waits in the database", async (t) => {
  const { cli, release } = await heldRun(t, ["--json"]);
  await cli.shows(/"type":"migration\.applied".*1700000000100/);
  assert.doesNotMatch(cli.stdout, /"type":"migration\.applied".*1700000000200/);
  assert.equal(cli.code, null);
  await release();
  const ended = await cli.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(
    eventsOf(ended).flatMap((event) => (event.type === "migration.applied" ? [event.version] : [])),
    ["1700000000100", "1700000000200", "1700000000300"],
  );
});

test("a migration's line arrives in a pipe while the next one still waits in the database", async (t) => {
  const { cli, release } = await heldRun(t, []);
  await cli.shows(/1700000000100 one applied/);
  assert.doesNotMatch(cli.stdout, /1700000000200 waits applied/);
  await release();
  assert.equal((await cli.ended).code, 0);
});

test("Ctrl-C leaves the command line with 130, and what runs is not cut off", async (t) => {
  const { served, cli, release } = await heldRun(t, ["--json"]);
  await cli.shows(/"type":"migration\.applied".*1700000000100/);
  cli.child.kill("SIGINT");
  const ended = await cli.ended;
  assert.equal(ended.code, 130, ended.stderr);
  await release();
  await appears(served.databaseUrl, "three");
});

test("a reader that leaves early does not stop the run", async (t) => {
  const { served, cli, release } = await heldRun(t, []);
  await cli.shows(/1700000000100 one applied/);
  cli.child.stdout.destroy();
  await release();
  const ended = await cli.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.doesNotMatch(ended.stderr, /EPIPE/);
  await appears(served.databaseUrl, "three");
});

/** Resolves when the table is there. */
async function appears(url: string, table: string): Promise<void> {
  for (;;) {
    const [row] = await query(url, "SELECT to_regclass($1) AS found", [table]);
    if (row?.["found"] !== null) return;
  }
}
