import assert from "node:assert/strict";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, test, type TestContext } from "vitest";
import pg from "pg";
import { startLambdaService } from "../../src/local/lambda-service/index.ts";
import { eventsOf, root, run, start, type Ran, type Running } from "../e2e/support/cli.ts";
import { project, type Files } from "../e2e/support/environment.ts";
import { installedRic } from "../support/aws-lambda-ric.ts";
import { startTestApi } from "../support/hasura-api.ts";
import { webhook } from "../lambda/support/webhook.ts";
import { freshDirectory, query } from "../support/postgres.ts";

const ric = installedRic();
const skip = "missing" in ric ? ric.missing : false;
const runtime = fileURLToPath(new URL("support/entry-point-runtime.mjs", import.meta.url));

interface Deployed {
  readonly databaseUrl: string;
  run(argv: readonly string[]): Promise<Ran>;
  start(argv: readonly string[]): Promise<Running>;
  log(): string;
}

/** The built handler in the image's layout, run by Lambda's own interface client through the image's entry point. */
async function deployed(
  t: TestContext,
  files: Files,
  more: Record<string, string> = {},
): Promise<Deployed> {
  assert(!("missing" in ric));
  const api = await startTestApi(t);
  const functionDirectory = await freshDirectory(t);
  cpSync(join(root, "dist/function"), functionDirectory, { recursive: true });
  mkdirSync(join(functionDirectory, "node_modules"));
  symlinkSync(ric.directory, join(functionDirectory, "node_modules/aws-lambda-ric"));
  cpSync(await project(t, files), join(functionDirectory, "migrations"), { recursive: true });
  let log = "";
  const lambda = await startLambdaService({
    functionDirectory,
    runtime,
    env: {
      HASURA_MIGRATE_ENVIRONMENT: "dev-1",
      HASURA_MIGRATE_ENDPOINT: api.url,
      HASURA_MIGRATE_ADMIN_SECRET: api.adminSecret,
      ...more,
      // As Lambda sets them for an image.
      _HANDLER: "",
      LAMBDA_TASK_ROOT: "/var/task",
    },
    log: (text) => (log += text),
  });
  t.onTestFinished(() => lambda.stop());
  const pointed = (argv: readonly string[]) => [...argv, "--json", "--endpoint-url", lambda.url];
  return {
    databaseUrl: api.databaseUrl,
    run: (argv) => run(t, pointed(argv)),
    start: (argv) => start(t, pointed(argv)),
    log: () => log,
  };
}

/** Waits for what another process does. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(50);
}

describe("AWS Lambda RIC", () => {
  test("a whole apply streams: a migration is reported as applied while the next one is still running", async (t) => {
    if (skip !== false) t.skip(skip);

    const lock = "SELECT pg_advisory_xact_lock(20261124);";
    const it = await deployed(t, {
      "1700000000000_first": { up: "CREATE TABLE first (id int);" },
      "1700000000001_second": { up: `${lock} CREATE TABLE second (id int);` },
    });
    const holder = new pg.Client({ connectionString: it.databaseUrl });
    await holder.connect();
    t.onTestFinished(() => holder.end());
    await holder.query("SELECT pg_advisory_lock(20261124)");
    const applying = await it.start(["apply", "dev-1"]);
    await applying.shows(/"migration.applied".*1700000000000/);
    assert.doesNotMatch(applying.stdout, /run\.finished/);
    await holder.query("SELECT pg_advisory_unlock(20261124)");
    const ran = await applying.ended;
    assert.equal(ran.code, 0, ran.stderr + it.log());
    assert.equal(eventsOf(ran).at(-1)?.type, "run.finished");
    assert.deepEqual(
      await query(
        it.databaseUrl,
        "SELECT to_regclass('first')::text AS one, to_regclass('second')::text AS two",
      ),
      [{ one: "first", two: "second" }],
    );
  });

  test("a failed migration, then a warm process: the next call finds what is left", async (t) => {
    if (skip !== false) t.skip(skip);

    const it = await deployed(t, {
      "1700000000000_good": { up: "CREATE TABLE good (id int);" },
      "1700000000001_bad": { up: "CREATE TABLE bad (id no_such_type);" },
    });
    const failed = await it.run(["apply", "dev-1"]);
    assert.equal(failed.code, 1, failed.stderr + it.log());
    const end = eventsOf(failed).find(({ type }) => type === "migration.failed");
    assert(end?.type === "migration.failed");
    assert.match(end.failure.message, /no_such_type/);
    const again = await it.run(["status", "dev-1"]);
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(it.log(), /secret/i);
  });

  test("the client has its answer while a webhook hangs, and the function goes on until it gives up", async (t) => {
    if (skip !== false) t.skip(skip);

    const hook = await webhook(t, "silence");
    const files = { "1700000000000_good": { up: "CREATE TABLE good (id int);" } };
    const it = await deployed(t, files, { HASURA_MIGRATE_NOTIFY_URL: hook.url });
    const ran = await it.run(["apply", "dev-1"]);
    assert.equal(ran.code, 0, ran.stderr + it.log());
    assert.equal(eventsOf(ran).at(-1)?.type, "run.finished");
    assert.doesNotMatch(it.log(), /could not be announced/, "the webhook is still waited for");
    await until(() => it.log().includes("could not be announced"));
    assert.match(it.log(), /"to":"webhook","reason":"no response within 5\.0 s"/);
    assert.equal(hook.texts().length, 1);
    const again = await it.run(["status", "dev-1"]);
    assert.equal(again.code, 0, again.stderr);
  });
});
