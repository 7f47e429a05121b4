import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { startLambdaService } from "../../src/local/lambda-service/index.ts";
import { webhook } from "../lambda/support/webhook.ts";
import { freshDatabase } from "../support/postgres.ts";
import { startTestApi } from "../support/hasura-api.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { eventsOf, root, run, start, type Ran } from "./support/cli.ts";
import { project, type Files } from "./support/environment.ts";

interface Deployed {
  run(argv: readonly string[]): Promise<Ran>;
  log(): string;
}

/** The built function of dev-1 as a process, with these settings, and the built CLI that calls it. */
async function deployed(
  t: TestContext,
  files: Files,
  settings: Record<string, string>,
): Promise<Deployed> {
  const api = await startTestApi(t);
  let log = "";
  const lambda = await startLambdaService({
    functionDirectory: join(root, "dist/function"),
    runtime: join(root, "dist/runtime-client.mjs"),
    env: {
      HASURA_MIGRATE_ENVIRONMENT: "dev-1",
      HASURA_MIGRATE_ENDPOINT: api.url,
      HASURA_MIGRATE_ADMIN_SECRET: api.adminSecret,
      HASURA_MIGRATE_DIRECTORY: await project(t, files),
      ...settings,
    },
    log: (text) => (log += text),
  });
  t.onTestFinished(() => lambda.stop());
  return {
    run: (argv) => run(t, [...argv, "--json", "--endpoint-url", lambda.url]),
    log: () => log,
  };
}

/** Waits for what another process does. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(20);
}

const good: Files = { "1700000000000_good": { up: "CREATE TABLE good (id int);" } };
const bad: Files = {
  ...good,
  "1700000000001_bad": { up: "CREATE TABLE bad (id no_such_type);" },
};

describe("the end of a run, with the built function and the built CLI,", () => {
  test("is posted to a webhook, and measured in the log", async (t) => {
    const hook = await webhook(t);
    const it = await deployed(t, bad, { HASURA_MIGRATE_NOTIFY_URL: hook.url });
    assert.equal((await it.run(["apply", "dev-1"])).code, 1);
    await until(() => hook.texts().length > 0);
    assert.match(
      hook.texts().join(),
      /^\*dev-1\*: apply FAILED after .*: 1 applied\nFailed migration: 1700000000001_bad \(default, up\)\nmigration\/.*no_such_type.*\nBy /,
    );
    await until(() => it.log().includes('"_aws"'));
    assert.match(it.log(), /^\{"_aws":.*"Runs":1,"FailedRuns":1,"MigrationsApplied":1,/m);
  });

  test("is put on an event bus, with the credentials of the function", async (t) => {
    const bridge = await scriptedHasura(t, () => ({ json: { FailedEntryCount: 0, Entries: [] } }));
    const it = await deployed(t, good, {
      HASURA_MIGRATE_EVENT_BUS: "deployments",
      AWS_ENDPOINT_URL_EVENTBRIDGE: bridge.url,
    });
    assert.equal((await it.run(["apply", "dev-1"])).code, 0);
    await until(() => bridge.asked.length > 0 || it.log().includes("could not"));
    assert.doesNotMatch(it.log(), /could not be announced/);
    const [asked] = bridge.asked;
    assert.match(asked?.headers.authorization ?? "", /Credential=local\/.*\/events\/aws4_request/);
    assert.equal(asked?.headers["x-amz-security-token"], "local");
    assert.match(JSON.stringify(asked.body), /"EventBusName":"deployments".*finished/);
  });

  test("reaches its caller while the webhook hangs; the result and the exit code are the same", async (t) => {
    const hook = await webhook(t, "silence");
    const it = await deployed(t, bad, { HASURA_MIGRATE_NOTIFY_URL: hook.url });
    const ran = await it.run(["apply", "dev-1"]);
    assert.equal(ran.code, 1);
    assert.equal(eventsOf(ran).at(-1)?.type, "run.failed");
    assert.doesNotMatch(it.log(), /could not be announced/, "the webhook is still waited for");
    await until(() => it.log().includes("could not be announced"));
    assert.match(it.log(), /"to":"webhook","reason":"no response within 5\.0 s"/);
    assert.doesNotMatch(it.log() + ran.stdout + ran.stderr, /secret-part-of-it/);
  });

  test("is refused as a setting when the address is none, without repeating it", async (t) => {
    const it = await deployed(t, good, { HASURA_MIGRATE_NOTIFY_URL: "hooks.test/hidden-value" });
    const ran = await it.run(["apply", "dev-1"]);
    assert.equal(ran.code, 2);
    assert.match(ran.stdout, /HASURA_MIGRATE_NOTIFY_URL must be an https:\/\/ URL/);
    assert.doesNotMatch(ran.stdout + ran.stderr + it.log(), /hidden-value/);
  });

  test("is posted by what `local --serve` serves, and not by a single run of `local`", async (t) => {
    const hook = await webhook(t);
    const databaseUrl = await freshDatabase(t);
    const given = ["--migrations", await project(t, good), "--database-url", databaseUrl];
    const env = { HASURA_MIGRATE_NOTIFY_URL: hook.url, HASURA_MIGRATE_NOTIFY_ON: "all" };
    assert.equal((await run(t, ["local", ...given], { env })).code, 0);
    assert.deepEqual(hook.texts(), []);
    const served = await start(t, ["local", "--serve", "--json", ...given], { env });
    await served.shows(/\n/);
    const { lambdaUrl } = z.object({ lambdaUrl: z.url() }).parse(JSON.parse(served.stdout));
    assert.equal((await run(t, ["dev-7", "--endpoint-url", lambdaUrl])).code, 0);
    await until(() => hook.texts().length > 0);
    assert.match(hook.texts().join(), /^\*dev-7\*: apply finished .*: nothing was changed\n/);
  });

  test("a webhook that cannot be reached is a warning that `local --serve` prints", async (t) => {
    const databaseUrl = await freshDatabase(t);
    const given = ["--migrations", await project(t, good), "--database-url", databaseUrl];
    const env = { HASURA_MIGRATE_NOTIFY_URL: "http://127.0.0.1:1/hidden-value" };
    const served = await start(t, ["local", "--serve", "--json", ...given], { env });
    await served.shows(/\n/);
    const { lambdaUrl } = z.object({ lambdaUrl: z.url() }).parse(JSON.parse(served.stdout));
    assert.equal((await run(t, ["dev-7", "--endpoint-url", lambdaUrl])).code, 0);
    await until(() => served.stderr.includes("could not be announced"));
    assert.match(served.stderr, /^\{.*"level":"warning".*"to":"webhook"/m);
    assert.doesNotMatch(served.stderr, /hidden-value|"level":"info"/);
  });
});
