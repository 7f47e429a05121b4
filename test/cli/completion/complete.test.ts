import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { commandTree } from "../../../src/cli/completion/command-tree.ts";
import { complete } from "../../../src/cli/completion/complete.ts";
import { emptyDirectory } from "../../support/test-context.ts";

/** A home directory and a project below it, with these files. */
function machine(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>) {
  const home = emptyDirectory(t);
  const cwd = join(home, "project");
  mkdirSync(join(home, ".aws"), { recursive: true });
  mkdirSync(cwd);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(home, name, ".."), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  const words = async (args: readonly string[], env: Record<string, string> = {}) =>
    (await complete(["fish", ...args], commandTree, { env, cwd, home })).split("\n").slice(1, -1);
  return { home, cwd, words };
}

const config = JSON.stringify({
  environments: { "dev-1": {}, "dev-2": {}, prod: { protected: true } },
  groups: { dev: ["dev-1", "dev-2"] },
});

describe("completion", () => {
  test("environments are those of the configuration, and the embedded one", async (t) => {
    const { words } = machine(t, { "project/hasura-migrate.json": config });
    assert.deepEqual(await words(["status", ""]), [
      "dev-1",
      "dev-2",
      "prod\tprotected",
      "local\tthe embedded environment on this machine",
    ]);
    assert.deepEqual(await words(["status", "dev-1", "dev-"]), ["dev-2"]);
    assert.deepEqual(await words(["status", "--group", ""]), ["dev\tdev-1, dev-2"]);
  });

  test("local, a command and an environment, is offered once", async (t) => {
    const { words } = machine(t, {});
    assert.equal((await words(["loca"])).length, 1);
  });

  test("what is confirmed is the environment that was typed", async (t) => {
    const { words } = machine(t, { "project/hasura-migrate.json": config });
    assert.deepEqual(await words(["prod", "--yes="]), ["--yes=prod"]);
  });

  test("a configuration that is named by an option, a variable or package.json counts", async (t) => {
    const { words, home } = machine(t, {
      "other.json": '{"environments":{"qa-1":{}}}',
      "project/package.json": '{"hasura-migrate":{"environments":{"own-1":{}}}}',
    });
    const file = join(home, "other.json");
    assert.deepEqual(await words(["status", "o"]), ["own-1"]);
    assert.deepEqual(await words(["--config", file, "status", "q"]), ["qa-1"]);
    assert.deepEqual(await words([`--config=${file}`, "q"]), ["qa-1"]);
    assert.deepEqual(await words(["q"], { HASURA_MIGRATE_CONFIG: file }), ["qa-1"]);
  });

  for (const [what, text] of [
    ["no JSON", "{"],
    ["a list", "[]"],
    ["environments that are none", '{"environments":[1],"groups":7}'],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0xfd])],
  ] as const)
    test(`a configuration with ${what} offers nothing and fails nothing`, async (t) => {
      const { words } = machine(t, { "project/hasura-migrate.json": text });
      assert.deepEqual(await words(["status", "d"]), []);
    });

  test("AWS profiles come from both files, as do regions", async (t) => {
    const { words } = machine(t, {
      ".aws/config":
        '[default]\nregion = eu-west-1\n[profile acme dev]\nregion=us-east-1\n[profile "quoted"]\n[sso-session x]\n',
      ".aws/credentials": "[keys]\naws_access_key_id = x\n",
    });
    assert.deepEqual(await words(["--profile", ""]), ["default", "acme dev", "quoted", "keys"]);
    assert.deepEqual(await words(["--profile=acme"]), ["--profile=acme dev"]);
    assert.deepEqual(await words(["--profile", '"acme d']), ["acme dev"]);
    assert.deepEqual(await words(["--region", ""]), ["eu-west-1", "us-east-1"]);
  });

  test("versions are those of the project, the newest first", async (t) => {
    const { words } = machine(t, {
      "project/config.yaml": "version: 3\n",
      "project/migrations/default/1700000000001_init/up.sql": "",
      "project/migrations/default/1700000000002_more/up.sql": "",
      "project/migrations/default/notes.txt": "",
    });
    const both = ["1700000000002\tmore", "1700000000001\tinit"];
    assert.deepEqual(await words(["--only", ""]), both);
    assert.deepEqual(await words(["mark", "dev-1", "17"]), both);
  });

  test("a name that a terminal would obey is not offered", async (t) => {
    const { words } = machine(t, {
      "project/hasura-migrate.json": '{"environments":{"ok":{},"\\u001b[31mred":{},"a\\nb":{}}}',
    });
    assert.deepEqual(await words(["status", ""]), [
      "ok",
      "local\tthe embedded environment on this machine",
    ]);
  });

  test("paths are completed by the shell, from what was typed", async (t) => {
    const { cwd, home } = machine(t, {});
    const surroundings = { env: {}, cwd, home };
    const answer = (...args: string[]) => complete(["zsh", ...args], commandTree, surroundings);
    assert.equal(await answer("--config", "a/b"), "files\n\na/b\n");
    assert.equal(await answer("--config=a/b"), "files\n--config=\na/b\n");
    assert.equal(await answer("status", "--migrations", ""), "directories\n\n\n");
  });

  test("PowerShell marks the last word, because it drops an empty one", async (t) => {
    const { cwd, home } = machine(t, { "project/hasura-migrate.json": config });
    const answer = await complete(["powershell", "status", "="], commandTree, {
      env: {},
      cwd,
      home,
    });
    assert.match(answer, /^words\ndev-1\ndev-2\n/);
  });
});
