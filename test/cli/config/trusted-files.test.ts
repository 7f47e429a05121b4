import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { loadConfig } from "../../../src/cli/config/load.ts";
import { checkConfig } from "./support/check-config.ts";
import type { CliContext } from "../../../src/cli/context.ts";
import { banner } from "../../../src/cli/output/views/banner.ts";
import { main } from "../../../src/cli/main.ts";
import { RunEvent } from "../../../src/protocol/events.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { finished, plan, started } from "../../support/run-events.ts";
import { emptyDirectory, instant, testContext } from "../../support/test-context.ts";

const someoneElse = 65534;

interface Setting {
  readonly context: CliContext;
  readonly file: string;
}

/** A configuration above the working directory, with these permissions, of this user or of another one. */
function configured(
  t: TestContext,
  { mode = 0o644, foreign = false, name = "hasura-migrate.json", env = {} },
): Setting {
  const root = emptyDirectory(t);
  const cwd = join(root, "a", "b");
  mkdirSync(cwd, { recursive: true });
  const file = join(root, name);
  writeFileSync(file, name === "package.json" ? '{"hasura-migrate":{}}' : "{}");
  chmodSync(file, mode);
  if (foreign && process.getuid?.() === 0) chownSync(file, someoneElse, someoneElse);
  const { uid } = statSync(file);
  return {
    context: { ...testContext(t, { argv: [], cwd, env }), uid: foreign ? uid + 1 : uid },
    file,
  };
}

const isUnsafe =
  (file: string, words: RegExp) =>
  (thrown: unknown): boolean => {
    assert.ok(thrown instanceof Failure);
    assert.equal(thrown.code, "config-unsafe");
    assert.ok(thrown.message.includes(file), thrown.message);
    assert.match(thrown.message, words);
    return true;
  };

describe.skipIf(process.getuid === undefined)("trusted configuration files", () => {
  for (const name of ["hasura-migrate.json", "package.json"]) {
    test(`${name} of another user is not used, and named`, async (t) => {
      const { context, file } = configured(t, { name, foreign: true });
      if (process.getuid?.() !== 0 && statSync(file).uid === 0) return;
      await assert.rejects(loadConfig(context, undefined), isUnsafe(file, /another user/));
    });

    for (const mode of [0o666, 0o646, 0o777])
      test(`${name} that everybody can write (${mode.toString(8)}) is not used`, async (t) => {
        const { context, file } = configured(t, { name, mode });
        await assert.rejects(loadConfig(context, undefined), isUnsafe(file, /can be written/));
      });

    test(`${name} of this user is used`, async (t) => {
      const { context, file } = configured(t, { name });
      assert.equal((await loadConfig(context, undefined)).file, file);
    });
  }

  test("a group may write only if it is the user's own", async (t) => {
    const own = configured(t, { mode: 0o664 });
    const { uid, gid } = statSync(own.file);
    if (uid === gid) assert.equal((await loadConfig(own.context, undefined)).file, own.file);
    if (process.getuid?.() !== 0) return;
    chownSync(own.file, 0, someoneElse);
    await assert.rejects(loadConfig(own.context, undefined), isUnsafe(own.file, /can be written/));
  });

  test("a file that was named is used regardless of its owner, and so is one in a CI job's checkout", async (t) => {
    const { context, file } = configured(t, { foreign: true, mode: 0o666 });
    assert.equal((await loadConfig(context, file)).file, file);
    const named = { ...context, env: { HASURA_MIGRATE_CONFIG: file } };
    assert.equal((await loadConfig(named, undefined)).file, file);
    const job = configured(t, { foreign: true, env: { CI: "true" } });
    assert.equal((await loadConfig(job.context, undefined)).file, job.file);
  });
});

describe("endpoints", () => {
  const accepts = (endpointUrl: string): boolean =>
    "config" in checkConfig({ environments: { dev: { endpointUrl } } });

  test.each([
    "https://vpce-1.lambda.eu-west-1.vpce.amazonaws.com",
    "http://127.0.0.1:9001",
    "http://127.9.9.9",
    "http://localhost:9001/",
    "http://[::1]:9001",
    "https://proxy.internal:8443",
  ])("%s is allowed in a file", (address) => assert.equal(accepts(address), true));

  test.each([
    "http://lambda.example.test",
    "http://127.0.0.1:80@attacker.test",
    "http://127.0.0.1@attacker.test/",
    "https://user:password@lambda.eu-west-1.amazonaws.com",
    "https://user@localhost",
    "http://localhost.attacker.test",
    "http://127.0.0.1.attacker.test",
    "http://[::ffff:1.2.3.4]:9001",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
  ])("%s is not allowed", (address) => assert.equal(accepts(address), false));

  test("a host that is used instead of AWS is named, with the setting that chose it", () => {
    const event = RunEvent.parse(started());
    assert.ok(event.type === "run.started");
    const endpoint = { host: "lambda.example.test", from: "/p/hasura-migrate.json" };
    const line = banner(event, { region: "eu-west-1", function: "f", endpoint }, instant);
    assert.match(line, /· via lambda\.example\.test \(from \/p\/hasura-migrate\.json\) ·/);
  });

  test("a service on this machine needs no login, even with a configured profile that does", async (t) => {
    const lambda = await lambdaStandIn(t, [streams([started(), plan([]), finished(0)])]);
    const home = emptyDirectory(t);
    mkdirSync(join(home, ".aws"));
    const profile = ["sso_start_url=https://x.test", "sso_region=eu-west-1", "sso_account_id=1"];
    writeFileSync(
      join(home, ".aws", "config"),
      ["[profile sso]", ...profile, "sso_role_name=r", ""].join("\n"),
    );
    const cwd = emptyDirectory(t);
    const settings = { profile: "sso", endpointUrl: lambda.url };
    writeFileSync(
      join(cwd, "hasura-migrate.json"),
      JSON.stringify({ environments: { "dev-3": settings } }),
    );
    const context = testContext(t, { argv: ["dev-3"], cwd, home });
    assert.equal(await main(context), 0, context.err.text);
    const host = new URL(lambda.url).host;
    assert.ok(context.err.text.includes(`via ${host} (from ${join(cwd, "hasura-migrate.json")})`));
  });
});
