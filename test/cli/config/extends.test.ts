import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, constants, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { commandTree } from "../../../src/cli/completion/command-tree.ts";
import { complete } from "../../../src/cli/completion/complete.ts";
import { loadConfig } from "../../../src/cli/config/load.ts";
import { resolveTarget } from "../../../src/cli/config/resolve-target.ts";
import { main } from "../../../src/cli/main.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";
import { assertIncludes } from "../../support/partial.ts";
import { hintLines } from "../../support/hint-lines.ts";

/** A project with these files; objects are written as JSON. */
function project(t: TestContext, files: Readonly<Record<string, unknown>>): string {
  const root = realpathSync(emptyDirectory(t));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    const isRaw = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(join(root, name), isRaw ? content : JSON.stringify(content), { mode: 0o644 });
  }
  return root;
}

const load = (t: TestContext, cwd: string) =>
  loadConfig(testContext(t, { argv: [], cwd }), undefined);

async function refusal(t: TestContext, cwd: string): Promise<Failure> {
  try {
    await load(t, cwd);
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return thrown;
  }
  return assert.fail("the configuration was accepted");
}

describe("a configuration that extends another one", () => {
  test("has its values where it has none of its own, key by key", async (t) => {
    const cwd = project(t, {
      "hasura-migrate.json": {
        extends: "./base.json",
        defaults: { region: "us-east-1" },
        environments: { "dev-1": { profile: "mine" }, own: {} },
        groups: { dev: ["own"] },
      },
      "base.json": {
        defaults: { region: "eu-west-1", function: "migrate-{env}" },
        environments: {
          "dev-1": { profile: "theirs", protected: true },
          prod: { region: "eu-central-1" },
        },
        groups: { dev: ["dev-1"], live: ["prod"] },
      },
    });
    const { config } = await load(t, cwd);
    assert.deepEqual(config, {
      defaults: { region: "us-east-1", function: "migrate-{env}" },
      environments: {
        "dev-1": { profile: "mine", protected: true },
        prod: { region: "eu-central-1" },
        own: {},
      },
      groups: { dev: ["own"], live: ["prod"] },
    });
  });

  test("may be one of a chain, each path relative to the file that it is in", async (t) => {
    const cwd = project(t, {
      "hasura-migrate.json": {
        extends: "./shared/a.json",
        environments: { a: { region: "eu-west-1" } },
      },
      "shared/a.json": {
        extends: "../b.json",
        environments: { a: { region: "eu-west-2", profile: "a" } },
      },
      "b.json": { environments: { a: { profile: "b", function: "f" } } },
    });
    assert.deepEqual((await load(t, cwd)).config.environments, {
      a: { region: "eu-west-1", profile: "a", function: "f" },
    });
  });

  const base = { environments: { shared: {} } };
  test.for([
    [
      "@acme/config",
      { "package.json": { main: "hasura-migrate.json" }, "hasura-migrate.json": base },
    ],
    ["@acme/config", { "package.json": {}, "hasura-migrate.json": base }],
    ["@acme/config", { "package.json": { main: "i.js" }, "i.js": "", "hasura-migrate.json": base }],
    ["@acme/config", { "package.json": { exports: "./any.json" }, "any.json": base }],
    ["@acme/config/live.json", { "package.json": {}, "live.json": base }],
    [
      "@acme/config/live",
      { "package.json": { exports: { "./live": "./l.json" } }, "l.json": base },
    ],
  ] as const)("can name a package as Node finds it: %j", async ([reference, files], t) => {
    const cwd = project(t, {
      "app/hasura-migrate.json": { extends: reference },
      ...Object.fromEntries(
        Object.entries(files).map(([name, text]) => [`node_modules/@acme/config/${name}`, text]),
      ),
    });
    assert.deepEqual((await load(t, join(cwd, "app"))).config.environments, { shared: {} });
  });

  test("refuses a package that is not installed, with the command that installs it", async (t) => {
    const cwd = project(t, { "hasura-migrate.json": { extends: "@acme/config/live.json" } });
    const { code, message, hints } = await refusal(t, cwd);
    assert.equal(code, "config-extends-missing");
    assert.equal(
      message,
      `The configuration ${cwd}/hasura-migrate.json extends "@acme/config/live.json", but the package @acme/config is not installed.`,
    );
    assert.equal(hintLines(hints)[0], "npm install --save-dev @acme/config");
  });

  test("refuses a package that does not provide the file", async (t) => {
    const files = { "node_modules/cfg/package.json": { exports: {} } };
    for (const [reference, wanted] of [
      ["cfg", "hasura-migrate.json"],
      ["cfg/a.json", "a.json"],
    ]) {
      const cwd = project(t, { ...files, "hasura-migrate.json": { extends: reference } });
      const { message } = await refusal(t, cwd);
      assert.ok(
        message.endsWith(`but the package cfg does not provide ${String(wanted)}.`),
        message,
      );
    }
  });

  test("refuses a file that does not exist, and a circle", async (t) => {
    const missing = project(t, { "hasura-migrate.json": { extends: "./base.json" } });
    assert.match((await refusal(t, missing)).message, /base\.json does not exist\.$/);
    const cwd = project(t, {
      "hasura-migrate.json": { extends: "./a.json" },
      "a.json": { extends: "./b.json" },
      "b.json": { extends: "./a.json" },
    });
    const { code, message } = await refusal(t, cwd);
    assert.equal(code, "config-extends-circle");
    assert.equal(
      message,
      `The configuration ${cwd}/a.json extends itself: ${["a", "b", "a"].map((name) => `${cwd}/${name}.json`).join(" extends ")}.`,
    );
  });

  const text = '{ "defaults": { "region": "eu-west-1" } }';

  test("refuses a pipe, for which it would wait forever; one that was named is read", async (t) => {
    const context = testContext(t, { argv: [] });
    const pipe = join(context.cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    const config = join(context.cwd, "hasura-migrate.json");
    writeFileSync(config, '{ "extends": "./pipe" }');
    for (const named of [undefined, config])
      await assert.rejects(loadConfig(context, named), /pipe cannot be read: it is a pipe/);
    rmSync(config);
    execFileSync("mkfifo", [config]);
    await assert.rejects(loadConfig(context, undefined), /json cannot be read: it is a pipe/);
    const loading = loadConfig(context, pipe);
    await writeFile(pipe, text);
    assert.deepEqual((await loading).config, { defaults: { region: "eu-west-1" } });
  });

  test("reads a named pipe whose writer has already left", async (t) => {
    const context = testContext(t, { argv: [] });
    const pipe = join(context.cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = await open(pipe, "r+");
    await writer.write(text);
    // Keeps the text in the pipe.
    const reader = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    t.onTestFinished(() => reader.close());
    await writer.close();
    const { config } = await loadConfig(context, pipe);
    assert.deepEqual(config, { defaults: { region: "eu-west-1" } });
  });

  test("every error names the file that it is in", async (t) => {
    const nearest = { extends: "./base.json", groups: { dev: ["dev-1"] } };
    for (const [base, words] of [
      ["{", "base.json is not valid JSON"],
      [{ nonsense: 1 }, "base.json: nonsense: unknown key"],
      [{ environments: { local: {} } }, "base.json: environments.local: local is the embedded"],
      [
        { defaults: { endpointUrl: "http://example.com" } },
        "base.json: defaults.endpointUrl: must be an https",
      ],
      [{ environments: {} }, 'hasura-migrate.json: groups.dev: "dev-1" is not an environment'],
      [{ environments: { "dev-1": {} }, groups: { x: ["y"] } }, 'base.json: groups.x: "y" is not'],
      [new Uint8Array([0xff]), "base.json cannot be read: it is not valid UTF-8"],
    ] as const) {
      const cwd = project(t, { "hasura-migrate.json": nearest, "base.json": base });
      const { message } = await refusal(t, cwd);
      assert.ok(message.includes(words), message);
    }
  });

  test("must not extend a file that others can write, unless it was named itself", async (t) => {
    const cwd = project(t, { "hasura-migrate.json": { extends: "./base.json" }, "base.json": {} });
    chmodSync(join(cwd, "base.json"), 0o666);
    const { code, message, hints } = await refusal(t, cwd);
    assert.equal(code, "config-unsafe");
    assert.ok(message.includes(join(cwd, "base.json")), message);
    assert.ok(
      hintLines(hints)[0]?.startsWith(`retry --config ${join(cwd, "hasura-migrate.json")}`),
    );
    const context = testContext(t, { argv: [], cwd });
    await loadConfig(context, "hasura-migrate.json");
  });

  test("an endpoint is shown with the file that sets it", async (t) => {
    const endpointUrl = "https://vpce.example.com";
    const cwd = project(t, {
      "hasura-migrate.json": { extends: "./base.json", environments: { "dev-1": {} } },
      "base.json": { defaults: { endpointUrl } },
    });
    const target = resolveTarget("dev-1", await load(t, cwd), {});
    assert.equal(target.endpointFrom, join(cwd, "base.json"));
  });

  test("environments and groups of an extended file are completed", async (t) => {
    const cwd = project(t, {
      "hasura-migrate.json": { extends: "cfg" },
      "node_modules/cfg/hasura-migrate.json": { ...base, extends: "./more.json" },
      "node_modules/cfg/more.json": { environments: { deep: {} }, extends: "./more.json" },
    });
    const answer = await complete(["fish", "status", ""], commandTree, { env: {}, cwd, home: cwd });
    assert.match(answer, /^words\ndeep\nshared\nlocal/);
  });
});

describe("envs --show-origin", () => {
  const files = {
    "hasura-migrate.json": {
      extends: "./base.json",
      environments: { "dev-1": { profile: "mine", runner: "ecs", ecs: { cluster: "c" } } },
    },
    "base.json": {
      defaults: { region: "eu-west-1", metadata: true },
      environments: {
        prod: { protected: true, function: "arn:aws:lambda:eu-central-1:111122223333:function:m" },
      },
      groups: { all: ["dev-1", "prod"] },
    },
  };

  test("says of each value which file and key it comes from", async (t) => {
    const cwd = project(t, files);
    const context = testContext(t, { argv: ["envs", "--show-origin"], cwd });
    assert.equal(await main(context), 0);
    const text = context.out.text.replace(/ {2,}/g, "  ");
    for (const line of [
      "profile  mine  hasura-migrate.json: environments.dev-1.profile",
      "region  eu-west-1  base.json: defaults.region",
      "function  hasura-migrate-dev-1  by convention",
      "runner  ecs  hasura-migrate.json: environments.dev-1.runner",
      'ecs  {"cluster":"c"}  hasura-migrate.json: environments.dev-1.ecs',
      "metadata  true  base.json: defaults.metadata",
      "protected  true  base.json: environments.prod.protected",
      "region  eu-central-1  base.json: environments.prod.function",
      "group all: dev-1, prod  base.json",
    ])
      assert.ok(text.includes(line), `${line}\n${text}`);
  });

  test("as JSON has the origins of each environment, and the groups", async (t) => {
    const cwd = project(t, files);
    const context = testContext(t, { argv: ["envs", "--show-origin", "--json"], cwd });
    assert.equal(await main(context), 0);
    const lines = context.out.text
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    const file = join(cwd, "base.json");
    assertIncludes(lines, [
      { env: "prod", origins: { protected: { file, key: "environments.prod.protected" } } },
      { env: "dev-1", origins: { region: { file, key: "defaults.region" } } },
      { type: "group", name: "all", environments: ["dev-1", "prod"], file },
    ]);
  });
});
