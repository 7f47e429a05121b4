import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { loadConfig } from "../../../src/cli/config/load.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

interface Case {
  readonly files: Readonly<Record<string, string>>;
  readonly flag?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Loads the configuration in the directory `work` of a tree of these files. */
function load(t: TestContext, { files, flag, env }: Case): ReturnType<typeof loadConfig> {
  const root = emptyDirectory(t);
  mkdirSync(join(root, "work"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const context = testContext(t, {
    argv: [],
    cwd: join(root, "work"),
    env: { XDG_CONFIG_HOME: join(root, "xdg"), ...env },
  });
  return loadConfig(context, flag);
}

const region = (name: string): string => JSON.stringify({ defaults: { region: name } });
const inPackage = (name: string): string =>
  JSON.stringify({ "hasura-migrate": { defaults: { region: name } } });

describe("the configuration file", () => {
  const found: [what: string, from: Case, region: string | undefined][] = [
    [
      "hasura-migrate.json before the key in package.json beside it",
      {
        files: {
          "work/hasura-migrate.json": region("eu-west-1"),
          "work/package.json": inPackage("eu-west-2"),
        },
      },
      "eu-west-1",
    ],
    [
      "package.json here before hasura-migrate.json above",
      {
        files: {
          "work/package.json": inPackage("eu-west-2"),
          "hasura-migrate.json": region("eu-west-1"),
        },
      },
      "eu-west-2",
    ],
    [
      "--config before the variable",
      {
        files: { "work/a.json": region("eu-west-1"), "work/b.json": region("eu-west-2") },
        flag: "a.json",
        env: { HASURA_MIGRATE_CONFIG: "b.json" },
      },
      "eu-west-1",
    ],
    [
      "an empty variable, which names no file",
      {
        files: { "work/hasura-migrate.json": region("eu-west-1") },
        env: { HASURA_MIGRATE_CONFIG: "" },
      },
      "eu-west-1",
    ],
    [
      "a file with a byte order mark",
      { files: { "work/hasura-migrate.json": `\uFEFF${region("eu-west-1")}` } },
      "eu-west-1",
    ],
    [
      "a broken package.json that is not about this program",
      { files: { "work/package.json": "{," } },
      undefined,
    ],
    [
      "a package.json that is a list",
      { files: { "work/package.json": '["hasura-migrate"]' } },
      undefined,
    ],
    ["nothing at all", { files: {} }, undefined],
  ];
  for (const [what, from, expected] of found) {
    test(`is found: ${what}`, async (t) => {
      const { file, config } = await load(t, from);
      assert.equal(config.defaults?.region, expected);
      assert.equal(file === undefined, expected === undefined);
    });
  }

  const refused: [what: string, from: Case, code: string, named: string][] = [
    [
      "a file that --config names does not exist",
      { files: {}, flag: "gone.json" },
      "config-missing",
      "--config",
    ],
    [
      "a file that the variable names does not exist",
      { files: {}, env: { HASURA_MIGRATE_CONFIG: "gone.json" } },
      "config-missing",
      "HASURA_MIGRATE_CONFIG",
    ],
    [
      "its directory is a file",
      { files: { "work/a.json": "{}" }, flag: "a.json/b.json" },
      "config-missing",
      "a.json/b.json",
    ],
    [
      "it is a directory",
      { files: { "work/hasura-migrate.json/x": "" } },
      "config-unreadable",
      "hasura-migrate.json",
    ],
    [
      "it is not JSON",
      { files: { "work/hasura-migrate.json": "{," } },
      "config-malformed",
      "hasura-migrate.json",
    ],
    [
      "a package.json about this program is not JSON",
      { files: { "work/package.json": '{"hasura-migrate": {,' } },
      "config-malformed",
      "package.json",
    ],
    [
      "it has one problem",
      { files: { "work/hasura-migrate.json": region("moon") } },
      "config-invalid",
      "defaults.region: ",
    ],
    [
      "it is not an object",
      { files: { "work/hasura-migrate.json": "7" } },
      "config-invalid",
      "hasura-migrate.json",
    ],
  ];
  for (const [what, from, code, named] of refused) {
    test(`is refused because ${what}`, async (t) => {
      await assert.rejects(load(t, from), (thrown) => {
        assert(thrown instanceof Failure);
        assert.deepEqual([thrown.kind, thrown.code], ["usage", code]);
        assert(thrown.message.includes(named), thrown.message);
        const hasCause = code === "config-unreadable" || code === "config-malformed";
        assert.equal(thrown.cause instanceof Error, hasCause);
        return true;
      });
    });
  }

  test("with several problems is refused with a line for each, and the file they are in", async (t) => {
    const files = { "work/hasura-migrate.json": '{"defaults":{"region":"moon"},"qqq":1}' };
    await assert.rejects(load(t, { files }), (thrown) => {
      assert(thrown instanceof Failure);
      const [first = "", ...lines] = thrown.message.split("\n");
      assert.match(first, /hasura-migrate\.json.*2 problems/);
      assert.deepEqual(
        lines.map((line) => line.split(":")[0]),
        ["defaults.region", "qqq"],
      );
      return true;
    });
  });
});
