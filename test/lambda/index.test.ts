import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, test, type TestContext } from "vitest";
import { bundled } from "../support/bundle.ts";
import { standInCli } from "../support/official-cli/stand-in.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { context } from "./support/invoke.ts";
import { request } from "./support/request.ts";
import { secretStore } from "./support/secret-store.ts";

const run = promisify(execFile);
const entry = pathToFileURL(
  await bundled(new URL("../../src/lambda/index.ts", import.meta.url)),
).href;

/** The entry in a process of its own, called as a runtime calls it; `script` prints what it got on stderr. */
async function inProcess(
  script: string,
  env: Record<string, string>,
): Promise<{ answer: string; log: string }> {
  const given = `const event = ${JSON.stringify(request("ping"))}; const context = { ...${JSON.stringify(context)}, getRemainingTimeInMillis: () => 60000 };`;
  const args = ["--input-type=module", "--eval", given + script];
  const { stdout, stderr } = await run(process.execPath, args, {
    timeout: 30_000,
    env: { PATH: process.env.PATH, HASURA_MIGRATE_ENVIRONMENT: "dev-3", ...env },
  });
  return { answer: stderr, log: stdout };
}

const hasura = (t: TestContext) => scriptedHasura(t, () => ({ json: { version: "v2.48.0" } }));
const types = (ndjson: string): unknown[] =>
  ndjson
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { type: unknown }).type);

describe("index", () => {
  test("without a streaming runtime the handler answers all events as one text, and logs JSON to stdout", async (t) => {
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

  test("wrong settings are an answer, not a crash at start", async () => {
    const script = `const { runMigrations } = await import(${JSON.stringify(entry)}); process.stderr.write(await runMigrations(event, context));`;
    const { answer } = await inProcess(script, { HASURA_MIGRATE_ENDPIONT: "http://x" });
    assert.deepEqual(types(answer), ["run.failed"]);
    assert.match(
      answer,
      /function-settings.*HASURA_MIGRATE_ENDPIONT.*HASURA_MIGRATE_ENDPOINT is not set/,
    );
  });

  test("a stray rejection is logged without the secret and does not end the run", async (t) => {
    const { url } = await hasura(t);
    const script = `const { runMigrations } = await import(${JSON.stringify(entry)});
    void Promise.reject(new Error("stray with hidden-value"));
    await new Promise((resolve) => setImmediate(resolve));
    process.stderr.write(await runMigrations(event, context));`;
    const { answer, log } = await inProcess(script, {
      HASURA_MIGRATE_ENDPOINT: url,
      HASURA_MIGRATE_ADMIN_SECRET: "hidden-value",
    });
    assert.deepEqual(types(answer), ["run.started", "run.finished"]);
    assert.match(log, /unhandledRejection.*stray with \[admin secret\]/);
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
