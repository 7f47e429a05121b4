import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { loadConfig } from "../../../src/cli/config/load.ts";
import { main } from "../../../src/cli/main.ts";
import { startLambdaService } from "../../../src/local/lambda-service/index.ts";
import type { TaggedFunction } from "../../../src/local/lambda-service/tagging.ts";
import { functions, runtimeClient } from "../../support/lambda-service.ts";
import {
  emptyDirectory,
  testContext,
  type TestContextOptions,
} from "../../support/test-context.ts";

interface Setting extends Omit<TestContextOptions, "argv"> {
  readonly files?: Readonly<Record<string, string>>;
  readonly profiles?: string;
  readonly tagged?: readonly TaggedFunction[];
}

async function init(t: TestContext, argv: readonly string[], setting: Setting = {}) {
  const { files = {}, profiles = "", tagged, ...options } = setting;
  const cwd = emptyDirectory(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  const home = emptyDirectory(t);
  mkdirSync(join(home, ".aws"));
  writeFileSync(join(home, ".aws/config"), profiles);
  const env = { ...options.env, ...(tagged && (await taggingAt(t, tagged))) };
  const context = testContext(t, { ...options, argv: ["init", ...argv], cwd, home, env });
  const exit = await main(context);
  const file = join(cwd, "hasura-migrate.json");
  const written: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  return { exit, context, out: context.out.text, err: context.err.text, written, file };
}

async function taggingAt(t: TestContext, tagged: readonly TaggedFunction[]) {
  const { url } = await serviceWith(t, tagged);
  return { AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: url };
}

async function serviceWith(t: TestContext, tagged: readonly TaggedFunction[]) {
  const runtime = await runtimeClient();
  const service = await startLambdaService({
    functionDirectory: functions,
    env: {},
    runtime,
    tagged,
  });
  t.onTestFinished(() => service.stop());
  return service;
}

const $schema = "https://unpkg.com/hasura-migrate/schema.json";
const withKeys = (name: string): string =>
  `[profile ${name}]\nregion = eu-west-1\naws_access_key_id = A${name}\naws_secret_access_key = s\n`;

describe("init", () => {
  test("writes the environments that are named, with what they share as defaults", async (t) => {
    const argv = ["dev-1", "prod", "--region", "eu-west-1", "--protect", "prod"];
    const { exit, written, out, err, file, context } = await init(t, argv);
    assert.equal(exit, 0, err);
    assert.deepEqual(written, {
      $schema,
      defaults: { region: "eu-west-1" },
      environments: { "dev-1": {}, prod: { protected: true } },
    });
    assert.equal(out, `${file}\n`);
    assert.match(err, /Created, with dev-1, prod\. Next:\n.*hasura-migrate doctor --all/);
    assert.match(err, /: hasura-migrate status dev-1\n/);
    await loadConfig(context, undefined);
  });

  test("refers to the schema of an installed package", async (t) => {
    const { cwd } = testContext(t, { argv: [] });
    mkdirSync(join(cwd, "node_modules/hasura-migrate"), { recursive: true });
    writeFileSync(join(cwd, "node_modules/hasura-migrate/schema.json"), "{}");
    assert.equal(await main(testContext(t, { argv: ["init", "dev"], cwd })), 0);
    assert.match(
      readFileSync(join(cwd, "hasura-migrate.json"), "utf8"),
      /"\.\/node_modules\/hasura-migrate\/schema\.json"/,
    );
  });

  test("never replaces a file", async (t) => {
    const files = { "hasura-migrate.json": "{}" };
    const { exit, err, written } = await init(t, ["dev"], { files });
    assert.equal(exit, 2);
    assert.match(err, /already exists and will not be overwritten/);
    assert.deepEqual(written, {});
    const asked = await init(t, [], { files, terminal: true, types: ["dev", "", "", ""] });
    assert.deepEqual([asked.exit, asked.context.asked], [2, []]);
  });

  test("hides no configuration of the project that is further up, unless --config names the file", async (t) => {
    const root = emptyDirectory(t);
    const above = join(root, "hasura-migrate.json");
    writeFileSync(above, '{"environments":{"prod":{"protected":true}}}');
    const cwd = join(root, "hasura");
    mkdirSync(cwd);
    const refused = testContext(t, { argv: ["init", "dev", "prod"], cwd });
    assert.equal(await main(refused), 2);
    assert.ok(refused.err.text.includes(`${above} already configures this project`));
    assert.match(refused.err.text, /→ .*init dev prod --config hasura-migrate\.json/);
    assert.deepEqual(readdirSync(cwd), []);
    const separate = ["init", "dev", "prod", "--config", "hasura-migrate.json"];
    assert.equal(await main(testContext(t, { argv: separate, cwd })), 0);
    assert.deepEqual(readdirSync(cwd), ["hasura-migrate.json"]);
  });

  test("hides no configuration in package.json", async (t) => {
    const files = { "package.json": '{"hasura-migrate":{"environments":{"prod":{}}}}' };
    const { exit, err, written } = await init(t, ["dev"], { files });
    assert.equal(exit, 2);
    assert.match(err, /package\.json already configures this project/);
    assert.equal(written, undefined);
  });

  test.for([
    [["1dev"], /must begin with a letter/],
    [["local"], /local is the embedded environment/],
    [["dev", "--region", "nowhere"], /must be an AWS region/],
    [["dev", "--protect", "prod"], /Cannot protect prod/],
    [["dev", "--regions", "eu-west-1"], /--regions needs --discover/],
    [["--discover", "--function", "f"], /--function needs the environments' names/],
  ] as const)("refuses what the configuration would refuse: %j", async ([argv, words], t) => {
    const { exit, err, written } = await init(t, argv);
    assert.equal(exit, 2);
    assert.match(err, words);
    assert.equal(written, undefined);
  });

  test("without a terminal and without names says which options to use", async (t) => {
    const { exit, err } = await init(t, []);
    assert.equal(exit, 2);
    assert.match(err, /No environment given, /);
    assert.match(err, /init dev prod --region eu-west-1 --protect prod/);
    assert.match(err, /init --discover/);
  });

  const tagged = [
    { name: "hasura-migrate-dev-1", environment: "dev-1" },
    { name: "special", environment: "prod" },
    { name: "one", environment: "twice" },
    { name: "two", environment: "twice" },
  ];

  test("--discover writes what is deployed, and leaves out a name that is not one function", async (t) => {
    const { exit, written, err } = await init(t, ["--discover", "--protect", "prod"], {
      profiles: withKeys("acme"),
      tagged,
    });
    assert.equal(exit, 0, err);
    assert.deepEqual(written, {
      $schema,
      defaults: { profile: "acme", region: "eu-west-1" },
      environments: { "dev-1": {}, prod: { function: "special", protected: true } },
    });
    assert.match(err, /! twice is the tag of 2 functions/);
  });

  test("writes the address that was given, so that the commands that it names next reach it", async (t) => {
    const { url } = await serviceWith(t, tagged);
    const { exit, written, err } = await init(t, ["--discover", "--endpoint-url", url]);
    assert.equal(exit, 0, err);
    assert.deepEqual(written, {
      $schema,
      defaults: { endpointUrl: url },
      environments: { "dev-1": {}, prod: { function: "special" } },
    });
    const named = await init(t, ["dev", "--endpoint-url", url]);
    assert.deepEqual(named.written, {
      $schema,
      defaults: { endpointUrl: url },
      environments: { dev: {} },
    });
  });

  test("--discover writes nothing where nothing is found", async (t) => {
    const { exit, err, written } = await init(t, ["--discover"], {
      profiles: withKeys("a"),
      tagged: [],
    });
    assert.equal(exit, 2);
    assert.match(err, /No environment was found/);
    assert.equal(written, undefined);
  });

  test("in a terminal lists the profiles, and asks before it looks in them", async (t) => {
    const { exit, context, written, err } = await init(t, [], {
      ...{ terminal: true, profiles: withKeys("acme"), tagged },
      types: ["y", "", ""],
    });
    assert.equal(exit, 0, err);
    assert.match(err, /AWS profiles:\n {2}acme {2}eu-west-1\n/);
    assert.equal(context.asked.length, 3, context.asked.join("\n"));
    assert.match(context.asked[2] ?? "", /Protected environments .*\[prod\]/);
    assert.deepEqual(written, {
      $schema,
      defaults: { profile: "acme", region: "eu-west-1" },
      environments: { "dev-1": {}, prod: { function: "special", protected: true } },
    });
  });

  test("in a terminal asks for names where it may not look, and sends nothing", async (t) => {
    const { written, context } = await init(t, [], {
      ...{ terminal: true, profiles: withKeys("acme") },
      env: { AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: "http://127.0.0.1:1" },
      types: ["n", "dev, live-1", "acme", "", "none"],
    });
    assert.equal(context.asked.length, 5);
    assert.deepEqual(written, {
      $schema,
      defaults: { profile: "acme", region: "eu-west-1" },
      environments: { dev: {}, "live-1": {} },
    });
  });

  test("writes the function that was given for the names that are typed, and does not look for others", async (t) => {
    const { exit, written, context, err } = await init(t, ["--function", "f"], {
      ...{ terminal: true, profiles: withKeys("acme") },
      env: { AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: "http://127.0.0.1:1" },
      types: ["dev", "acme", "", "none"],
    });
    assert.equal(exit, 0, err);
    assert.equal(context.asked.length, 4, context.asked.join("\n"));
    assert.deepEqual(written, {
      $schema,
      defaults: { profile: "acme", region: "eu-west-1" },
      environments: { dev: { function: "f" } },
    });
    assert.match(err, /: hasura-migrate status dev\n/);
  });

  test("the end of the input writes nothing", async (t) => {
    const { exit, written } = await init(t, [], { terminal: true, types: ["dev"] });
    assert.equal(exit, 130);
    assert.equal(written, undefined);
  });
});
