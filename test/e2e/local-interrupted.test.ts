import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { describe, test, type TestContext } from "vitest";
import pg from "pg";
import * as z from "zod";
import { freshDatabase, query } from "../support/postgres.ts";
import { untilGone } from "../support/is-alive.ts";
import { run, start, type Ran, type Running } from "./support/cli.ts";
import { childrenOf, holds } from "./support/conditions.ts";
import { project } from "./support/environment.ts";

const backends =
  "SELECT FROM pg_stat_activity WHERE application_name = 'hasura-migrate local' AND datname = current_database()";
const Closing = z.object({
  type: z.literal("failure"),
  env: z.literal("local"),
  exit: z.number(),
  failure: z.object({ message: z.string(), hints: z.array(z.object({ text: z.string() })) }),
});

interface Held {
  readonly cli: Running;
  readonly databaseUrl: string;
  readonly release: () => Promise<unknown>;
}

/** `local` in the middle of its second migration, which waits until the test lets go of a table. */
async function heldRun(t: TestContext): Promise<Held> {
  const cwd = await project(t, {
    "1700000000100_one": { up: "CREATE TABLE one (id integer);" },
    "1700000000200_half": {
      up: "CREATE TABLE half (id integer);\nALTER TABLE held ADD COLUMN added integer;",
    },
  });
  const databaseUrl = await freshDatabase(t);
  await query(databaseUrl, "CREATE TABLE held (id integer)");
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  t.onTestFinished(() => holder.end());
  await holder.query("BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE");
  const cli = await start(t, ["local", "--json", "--database-url", databaseUrl], { cwd });
  await cli.shows(/"type":"migration\.started".*1700000000200/);
  await holds(databaseUrl, `${backends} AND wait_event_type = 'Lock'`);
  return { cli, databaseUrl, release: () => holder.query("ROLLBACK") };
}

function closingOf({ stdout }: Ran): z.infer<typeof Closing> {
  return Closing.parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
}

describe("local interrupted", () => {
  test("an interrupted local names the current migration, which is rolled back, and how to continue", async (t) => {
    const { cli, databaseUrl, release } = await heldRun(t);
    cli.child.kill("SIGINT");
    const { exit, failure } = closingOf(await cli.ended);
    assert.equal(cli.code, 130);
    assert.equal(exit, 130);
    assert.equal(
      failure.message,
      "Interrupted during 1700000000200 half: it was rolled back, unless it had just committed.",
    );
    assert.match(
      failure.hints[0]?.text ?? "",
      /^to continue: hasura-migrate local --json --database-url /,
    );
    assert.match(failure.hints[1]?.text ?? "", /^hasura-migrate status local --database-url /);
    await release();
    while ((await query(databaseUrl, backends)).length > 0);
    const tables = await query(
      databaseUrl,
      "SELECT to_regclass('one')::text AS one, to_regclass('half')::text AS half",
    );
    assert.deepEqual(tables, [{ one: "one", half: null }]);
  });

  test("a local function that was killed is reported without mentioning AWS: its current migration, and how to continue", async (t) => {
    const { cli, release } = await heldRun(t);
    const functions = childrenOf(cli.child.pid).filter(({ command }) =>
      /runtime-client/.test(command),
    );
    assert.equal(functions.length, 1, JSON.stringify(functions));
    for (const { pid } of functions) process.kill(pid, "SIGKILL");
    const ended = await cli.ended;
    await release();
    const { exit, failure } = closingOf(ended);
    assert.equal(exit, 4);
    assert.equal(
      failure.message,
      "The function hasura-migrate-local was killed. Current migration: 1700000000200 half.",
    );
    assert.match(failure.hints[0]?.text ?? "", /^hasura-migrate status local --database-url /);
    assert.match(
      failure.hints[1]?.text ?? "",
      /^to continue: hasura-migrate local --json --database-url /,
    );
    assert.equal(failure.hints.length, 2);
  });

  test("a local environment that is ended at once while its database is created leaves no program running, and starts again", async (t) => {
    const cwd = await project(t, { "1700000000100_one": { up: "CREATE TABLE one (id integer);" } });
    const cli = await start(t, ["local", "--serve"], { cwd });
    const initdb = (): string[] =>
      childrenOf(cli.child.pid).flatMap(
        ({ command }) => /initdb -D (\S+)/.exec(command)?.[1] ?? [],
      );
    while (initdb().length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [draft = ""] = initdb();
    const pids = childrenOf(cli.child.pid).map(({ pid }) => pid);
    // Signals of one kind that are pending at the same time are one.
    while (cli.child.exitCode === null) {
      cli.child.kill("SIGINT");
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await cli.ended).code, 130);
    await untilGone(pids);
    assert.deepEqual(existsSync(draft) ? readdirSync(draft) : [], []);
    const again = await run(t, ["local"], { cwd });
    assert.equal(again.code, 0, again.stderr);
  });
});
