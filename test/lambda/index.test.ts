import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { describe, test, type TestContext } from "vitest";
import { bundled } from "../support/bundle.ts";
import { standInCli } from "../support/official-cli/stand-in.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { context } from "./support/invoke.ts";
import { request } from "./support/request.ts";
import { secretStore } from "./support/secret-store.ts";

const entry = pathToFileURL(
  await bundled(new URL("../../src/lambda/index.ts", import.meta.url)),
).href;

interface Ended {
  readonly answer: string;
  readonly log: string;
  readonly code: number | string;
}

/** The entry in a process of its own, called as a runtime calls it; `script` prints what it got on stderr. */
async function inProcess(
  script: string,
  env: Record<string, string>,
  expectedCode = 0,
): Promise<Ended> {
  const given = `const event = ${JSON.stringify(request("ping"))}; const context = { ...${JSON.stringify(context)}, getRemainingTimeInMillis: () => 60000 };`;
  const args = ["--input-type=module", "--eval", given + script];
  const options = {
    timeout: 30_000,
    env: { PATH: process.env.PATH, HASURA_MIGRATE_ENVIRONMENT: "dev-3", ...env },
  };
  const ended = await new Promise<Ended>((resolve) => {
    execFile(process.execPath, args, options, (error, log, answer) =>
      resolve({ answer, log, code: error === null ? 0 : (error.code ?? "killed") }),
    );
  });
  assert.equal(ended.code, expectedCode, ended.answer + ended.log);
  return ended;
}

const hasura = (t: TestContext) => scriptedHasura(t, () => ({ json: { version: "v2.48.0" } }));
const types = (ndjson: string): unknown[] =>
  ndjson
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { type: unknown }).type);

describe("index", () => {
  test("without a streaming runtime the handler returns all events as one text, and logs JSON to stdout", async (t) => {
    const { url } = await hasura(t);
    const script = `const { runMigrations } = await import(${JSON.stringify(entry)}); process.stderr.write(await runMigrations(event, context));`;
    const { answer, log } = await inProcess(script, { HASURA_MIGRATE_ENDPOINT: url });
    assert.deepEqual(types(answer), ["run.started", "run.finished"]);
    for (const line of log.trim().split("\n")) JSON.parse(line);
  });

  test("with a streaming runtime the handler is marked as streaming and writes into the stream", async (t) => {
    const { url } = await hasura(t);
    const script = `
    globalThis.awslambda = { streamifyResponse: (handler) => Object.assign(handler, { marked: true }) };
    const { runMigrations } = await import(${JSON.stringify(entry)});
    if (!runMigrations.marked) throw new Error("not marked");
    const { Writable } = await import("node:stream");
    await runMigrations(event, new Writable({ write(chunk, _, done) { process.stderr.write(chunk); done(); } }), context);`;
    const { answer } = await inProcess(script, { HASURA_MIGRATE_ENDPOINT: url });
    assert.deepEqual(types(answer), ["run.started", "run.finished"]);
  });

  test("invalid settings are a response, not a crash at startup", async () => {
    const script = `const { runMigrations } = await import(${JSON.stringify(entry)}); process.stderr.write(await runMigrations(event, context));`;
    const { answer } = await inProcess(script, { HASURA_MIGRATE_ENDPIONT: "http://x" });
    assert.deepEqual(types(answer), ["run.failed"]);
    assert.match(
      answer,
      /function-settings.*HASURA_MIGRATE_ENDPIONT.*HASURA_MIGRATE_ENDPOINT is not set/,
    );
  });

  // As a runtime that waits for the next invocation.
  const stayAlive = "setInterval(() => undefined, 1000);";
  const strayRejection = 'void Promise.reject(new Error("stray with hidden-value"));';

  test("a rejection that nothing handles is logged without the secret; the run finishes, then the process exits", async (t) => {
    const { url } = await hasura(t);
    const script = `${stayAlive} const { runMigrations } = await import(${JSON.stringify(entry)});
    const run = runMigrations(event, context);
    ${strayRejection}
    process.stderr.write(await run);`;
    const env = { HASURA_MIGRATE_ENDPOINT: url, HASURA_MIGRATE_ADMIN_SECRET: "hidden-value" };
    const { answer, log } = await inProcess(script, env, 1);
    assert.deepEqual(types(answer), ["run.started", "run.finished"]);
    assert.match(log, /unhandledRejection.*stray with \[admin secret\]/);
    assert.doesNotMatch(log, /hidden-value/);
  });

  test("a rejection that nothing handles between two runs ends the process at once", async () => {
    const script = `${stayAlive} await import(${JSON.stringify(entry)}); ${strayRejection}`;
    const env = {
      HASURA_MIGRATE_ENDPOINT: "http://127.0.0.1:1",
      HASURA_MIGRATE_ADMIN_SECRET: "hidden-value",
    };
    const { log } = await inProcess(script, env, 1);
    assert.match(log, /unhandledRejection.*stray with \[admin secret\]/);
  });

  for (const [what, env] of [
    ["without an endpoint", { HASURA_MIGRATE_ADMIN_SECRET: "hidden-value" }],
    ["with blanks around it", { HASURA_MIGRATE_ADMIN_SECRET: " hidden-value\n" }],
    [
      "with two secrets",
      {
        HASURA_MIGRATE_ADMIN_SECRET: "hidden-value",
        HASURA_MIGRATE_ADMIN_SECRET_PARAMETER: "/hasura",
        HASURA_MIGRATE_ENDPOINT: "http://x",
      },
    ],
    [
      "with a misspelt name",
      { HASURA_MIGRATE_ADMIN_SECERT: "hidden-value", HASURA_MIGRATE_ENDPOINT: "http://x" },
    ],
    ["with Hasura's own name", { HASURA_GRAPHQL_ADMIN_SECRET: "hidden-value" }],
  ] as const)
    test(`settings that are invalid, ${what}: a crash is logged without the secret all the same`, async () => {
      const script = `${stayAlive} const { runMigrations } = await import(${JSON.stringify(entry)});
      process.stderr.write(await runMigrations(event, context)); ${strayRejection}`;
      const { answer, log } = await inProcess(script, env, 1);
      assert.match(answer, /function-settings/);
      assert.match(log, /unhandledRejection.*stray with \[admin secret\]/);
      assert.doesNotMatch(answer + log, /hidden-value/);
    });

  test("the store is found as the SDK finds it in a function, and the secret reaches Hasura", async (t) => {
    const store = await secretStore(t, () => ({ json: { SecretString: "from the store" } }));
    const { url, asked } = await scriptedHasura(t, ({ path }) =>
      path === "/v1/version"
        ? { json: { version: "v2.48.0" } }
        : { status: 400, json: { error: "no", code: "unexpected", path: "$" } },
    );
    const script = `const { runMigrations } = await import(${JSON.stringify(entry)});
    process.stderr.write(await runMigrations({ ...event, operation: "status" }, context));`;
    await inProcess(script, {
      HASURA_MIGRATE_ENDPOINT: url,
      HASURA_MIGRATE_ADMIN_SECRET_ARN:
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura-AbCdEf",
      HASURA_MIGRATE_DIRECTORY: "migrations",
      AWS_ENDPOINT_URL: store.url,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: "eu-west-1",
    });
    const secrets = new Set(
      asked
        .filter(({ method }) => method === "POST")
        .map(({ headers }) => headers["x-hasura-admin-secret"]),
    );
    assert.deepEqual([...secrets], ["from the store"]);
    assert.equal(store.asked.length, 1);
  });

  test("the official CLI is found on the path of the function's process", async (t) => {
    const [{ url }, cli] = [await hasura(t), await standInCli(t)];
    const script = `const { runMigrations } = await import(${JSON.stringify(entry)}); process.stderr.write(await runMigrations(event, context));`;
    const env = {
      HASURA_MIGRATE_ENDPOINT: url,
      HASURA_MIGRATE_ENGINE: "hasura-cli",
      SSL_CERT_FILE: "/etc/roots.pem",
    };
    const { answer } = await inProcess(script, {
      ...env,
      PATH: `${cli.directory}:/usr/bin:/bin`,
      NODE_EXTRA_CA_CERTS: import.meta.filename,
    });
    assert.deepEqual(types(answer), ["run.started", "log", "run.finished"]);
    const [version] = cli.calls();
    assert.deepEqual(
      [version?.env["SSL_CERT_FILE"], version?.env["HASURA_GRAPHQL_CERTIFICATE_AUTHORITY"]],
      ["/etc/roots.pem", import.meta.filename],
    );
  });
});
