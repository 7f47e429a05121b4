import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { FailureData } from "../../../src/protocol/failure.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

/** The failure in the closing object of a command that exits with 2, where these environments are configured. */
async function refusalOf(
  t: TestContext,
  argv: readonly string[],
  environments: readonly string[],
): Promise<FailureData> {
  const cwd = emptyDirectory(t);
  if (environments.length > 0)
    writeFileSync(
      join(cwd, "hasura-migrate.json"),
      JSON.stringify({
        environments: Object.fromEntries(environments.map((name) => [name, {}])),
        groups: { everywhere: environments },
      }),
    );
  const context = testContext(t, { argv: [...argv, "--json"], cwd, env: { XDG_CONFIG_HOME: cwd } });
  assert.equal(await main(context), 2);
  const closing = JSON.parse(context.out.text) as { failure: unknown };
  return FailureData.parse(closing.failure);
}

describe("the environment of a command", () => {
  const cases: [
    what: string,
    argv: string[],
    environments: string[],
    code: string,
    mentions: (string | RegExp)[],
  ][] = [
    [
      "none, where some are configured",
      [],
      ["dev-1", "prod"],
      "environment-missing",
      ["dev-1, prod"],
    ],
    ["none, where none is configured", [], [], "environment-missing", [/hasura-migrate/]],
    ["none for another command", ["status"], ["dev-1"], "environment-missing", ["dev-1"]],
    [
      "one called like the command",
      ["status"],
      ["status", "dev-1"],
      "environment-missing",
      [/apply"?,? ?"?status/],
    ],
    [
      "all and one of them",
      ["down", "dev-1", "--all"],
      ["dev-1", "prod"],
      "all-and-named",
      ["--everything"],
    ],
    ["all, where none is configured", ["--all"], [], "environment-missing", []],
    ["a group that is not configured", ["--group", "dev"], ["dev-1"], "group-unknown", ['"dev"']],
    [
      "a group with the name of a method that every object has",
      ["--group", "constructor"],
      ["dev-1"],
      "group-unknown",
      ['"constructor"'],
    ],
    ["local and another", ["local-1", "--then", "local"], [], "local-with-others", []],
    [
      "one function for two",
      ["dev-1", "prod", "--function", "shared"],
      ["dev-1", "prod"],
      "one-function-for-several",
      ["{env}"],
    ],
    [
      "one behind a misspelt command",
      ["statsu", "dev-1"],
      ["dev-1"],
      "unknown-command",
      ['"statsu"', '"status"', /status"?,? ?"?dev-1/],
    ],
  ];
  for (const [what, argv, environments, code, mentions] of cases) {
    test(`${what}: ${code}`, async (t) => {
      const failure = await refusalOf(t, argv, environments);
      assert.deepEqual([failure.kind, failure.code], ["usage", code]);
      const text = `${failure.message}\n${failure.hints.map((hint) => JSON.stringify(hint)).join("\n")}`;
      for (const mention of mentions)
        if (typeof mention === "string") assert(text.includes(mention), text);
        else assert.match(text, mention);
    });
  }

  test("all and one of them mentions --everything only for down", async (t) => {
    const { hints } = await refusalOf(t, ["status", "dev-1", "--all"], ["dev-1"]);
    assert.doesNotMatch(JSON.stringify(hints), /everything/);
  });

  test("with the command's name is mentioned only if there is one", async (t) => {
    const { hints } = await refusalOf(t, ["status"], ["dev-1"]);
    assert.doesNotMatch(JSON.stringify(hints), /apply/);
  });
});
