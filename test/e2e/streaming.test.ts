import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import pg from "pg";
import { query } from "../support/postgres.ts";
import { childrenOf, holds } from "./support/conditions.ts";
import { eventsOf, type Running } from "./support/cli.ts";
import { project, serve, type Served } from "./support/environment.ts";

/** Three migrations, the second of which waits until the test lets go of the table `held`. */
async function heldRun(
  t: TestContext,
  flags: readonly string[],
): Promise<{ served: Served; cli: Running; release: () => Promise<unknown> }> {
  const directory = await project(t, {
    "1700000000100_one": { up: "CREATE TABLE one (id integer);" },
    "1700000000200_waits": {
      // One attempt: between two of them nothing would wait.
      up: "-- hasura-migrate: lock_timeout=10min\nALTER TABLE held ADD COLUMN added integer;",
    },
    "1700000000300_three": { up: "CREATE TABLE three (id integer);" },
  });
  const served = await serve(t, directory);
  await query(served.databaseUrl, "CREATE TABLE held (id integer)");
  const holder = new pg.Client({ connectionString: served.databaseUrl });
  await holder.connect();
  t.onTestFinished(() => holder.end());
  await holder.query("BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE");
  const cli = await served.start(["dev-1", ...flags]);
  return { served, cli, release: () => holder.query("ROLLBACK") };
}

// Each test has its own environment.
describe.concurrent("streaming", () => {
  test("a migration's event arrives while the next one still waits in the database", async (t) => {
    const { cli, release } = await heldRun(t, ["--json"]);
    await cli.shows(/"type":"migration\.applied".*1700000000100/);
    assert.doesNotMatch(cli.stdout, /"type":"migration\.applied".*1700000000200/);
    assert.equal(cli.code, null);
    await release();
    const ended = await cli.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(
      eventsOf(ended).flatMap((event) =>
        event.type === "migration.applied" ? [event.version] : [],
      ),
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

  test("Ctrl-C stops the run after the current migration, with 130", async (t) => {
    const { served, cli, release } = await heldRun(t, ["--json"]);
    await cli.shows(/"type":"migration\.applied".*1700000000100/);
    cli.child.kill("SIGINT");
    await holds(served.databaseUrl, "SELECT FROM hasura_migrate.run WHERE cancel_asked");
    await release();
    const ended = await cli.ended;
    assert.equal(ended.code, 130, ended.stderr);
    const closing = eventsOf(ended).at(-1);
    assert.ok(closing?.type === "run.finished" && closing.cancelled, ended.stdout);
    assert.deepEqual([closing.applied, closing.notReached], [2, 1]);
    const [three] = await query(served.databaseUrl, "SELECT to_regclass('three') AS found");
    assert.equal(three?.["found"], null);
  });

  test("Ctrl-C ends a run that waits for another one at once with 130, and the other one continues", async (t) => {
    const { served, cli, release } = await heldRun(t, []);
    await cli.shows(/1700000000100 one applied/);
    // Longer than a slow machine takes for the rest of the test.
    const second = await served.start(["dev-1", "--json", "--wait", "5m"]);
    await second.shows(/"type":"waiting"/);
    second.child.kill("SIGINT");
    const ended = await second.ended;
    assert.equal(ended.code, 130, ended.stdout);
    assert.match(ended.stdout, /Stopping the run; it is waiting, and no migration is in progress/);
    await release();
    assert.equal((await cli.ended).code, 0);
  });

  test("killing the CLI changes nothing: history shows that the run continued", async (t) => {
    const { served, cli, release } = await heldRun(t, []);
    await cli.shows(/1700000000100 one applied/);
    cli.child.kill("SIGKILL");
    await cli.ended;
    await release();
    await holds(served.databaseUrl, "SELECT FROM hasura_migrate.run WHERE outcome = 'finished'");
    const { code, stdout } = await served.run(["history", "dev-1"]);
    assert.equal(code, 0);
    assert.match(stdout, /3 up {2}finished/);
  });

  test("a run whose function was killed is looked up, and running again continues where it stopped", async (t) => {
    const { served, cli, release } = await heldRun(t, []);
    await cli.shows(/1700000000100 one applied/);
    const functions = childrenOf(served.server.child.pid).filter(({ command }) =>
      /runtime-client/.test(command),
    );
    assert.equal(functions.length, 1, JSON.stringify(functions));
    for (const { pid } of functions) process.kill(pid, "SIGKILL");
    await release();
    const ended = await cli.ended;
    assert.equal(ended.code, 4, ended.stderr);
    assert.match(
      ended.stderr,
      /→ to continue where it stopped \(nothing is applied twice\): hasura-migrate dev-1 /,
    );
    const again = await served.run(["dev-1"]);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(
      (await query(served.databaseUrl, "SELECT FROM hasura_migrate.step WHERE what = 'up'")).length,
      3,
    );
  });

  test("eight concurrent runs on an empty environment all end with 0, and each migration is applied once", async (t) => {
    const names = ["1700000000100_a", "1700000000200_b", "1700000000300_c"];
    const directory = await project(
      t,
      Object.fromEntries(
        names.map((name) => [name, { up: `CREATE TABLE "${name}" (id integer);` }]),
      ),
    );
    const served = await serve(t, directory);
    const all = await Promise.all(
      names.concat(names, ["g", "h"]).map(() => served.run(["dev-1", "--wait", "5m"])),
    );
    assert.deepEqual(
      all.map(({ code }) => code),
      all.map(() => 0),
      all.map(({ stderr }) => stderr).join("\n"),
    );
    const applied = all.flatMap(({ stdout }) =>
      [...stdout.matchAll(/ (\d+) \w+ applied \d/g)].map(([, version]) => version),
    );
    assert.deepEqual(
      applied.toSorted(),
      names.map((name) => name.slice(0, 13)),
    );
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
});

/** Resolves when the table is there. */
async function appears(url: string, table: string): Promise<void> {
  for (;;) {
    const [row] = await query(url, "SELECT to_regclass($1) AS found", [table]);
    if (row?.["found"] !== null) return;
  }
}
