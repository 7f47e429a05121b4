import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { commandFor, foreignWords, withoutHelpWord } from "../../../src/cli/options/synonyms.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const commands = createProgram("0", { columns: 80, write: () => undefined }).cliCommands.map(
  (command) => command.path,
);

describe("words of other tools", () => {
  const meant: readonly (readonly [argv: readonly string[], command: string, hint: string])[] = [
    [["up"], "apply", "apply --help"],
    [["up", "dev-3"], "apply", "apply dev-3"],
    [["migrate", "dev-3"], "apply", "apply dev-3"],
    [["deploy", "dev-3"], "apply", "apply dev-3"],
    [["rollback"], "down", "down --help"],
    [["rollback", "dev-3"], "down", "down dev-3"],
    [["rollback", "dev-3", "2"], "down", "down dev-3 2"],
    [["rollback", "dev-3", "dev-4"], "down", "down dev-3 dev-4"],
    [["ls"], "status", "status --help"],
    [["diff", "dev-3", "dev-4"], "status", "status dev-3 dev-4"],
    [["repair", "dev-3"], "mark", "mark --help"],
    [["create"], "new", "new --help"],
    [["create", "add_notes"], "new", "new add_notes"],
    [["serve", "dev-3"], "local", "local"],
    [["environments"], "envs", "envs"],
    [["statsu", "dev-3"], "status", "status dev-3"],
    [["Local", "status"], "local", "local"],
  ];
  for (const [argv, command, hint] of meant)
    test(`${argv.join(" ")}: did you mean "${command}"? → hasura-migrate ${hint}`, async (t) => {
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      assert.match(
        context.err.text,
        new RegExp(
          `"${argv[0] ?? ""}"\\. Did you mean "${command}"\\?\n  → hasura-migrate ${hint}\n`,
        ),
      );
    });

  test("a single word may be an environment, several words are a command", async (t) => {
    const [one, two] = [
      testContext(t, { argv: ["rollback"] }),
      testContext(t, { argv: ["rollback", "dev-3"] }),
    ];
    await main(one);
    await main(two);
    assert.match(one.err.text, /→ if rollback is an environment: hasura-migrate apply rollback\n/);
    assert.doesNotMatch(two.err.text, /if rollback is/);
  });

  for (const word of foreignWords)
    test(`"${word}" is not an environment either`, async (t) => {
      const context = testContext(t, { argv: [word] });
      assert.equal(await main(context), 2);
      assert.match(context.err.text, /There is no command/);
    });

  test("a configured environment with such a name is one", async (t) => {
    const cwd = emptyDirectory(t);
    writeFileSync(
      join(cwd, "hasura-migrate.json"),
      JSON.stringify({ environments: { up: { region: "eu-west-1" } } }),
    );
    const context = testContext(t, { argv: ["up", "--endpoint-url", "http://127.0.0.1:1"], cwd });
    assert.equal(await main(context), 4);
  });

  test("after an explicit apply any name is an environment", async (t) => {
    const argv = ["apply", "up", "--endpoint-url", "http://127.0.0.1:1"];
    const context = testContext(t, { argv });
    assert.equal(await main(context), 4);
  });

  test("no synonym is a command of this program", () => {
    for (const command of commands) assert.equal(commandFor(command), undefined, command);
    for (const word of foreignWords) assert.equal(commandFor(word), undefined, word);
  });
});

describe("help and version as words", () => {
  for (const [argv, means] of [
    [["help"], ["--help"]],
    [
      ["help", "status"],
      ["status", "--help"],
    ],
    [
      ["help", "rollback"],
      ["down", "--help"],
    ],
    [["help", "nothing"], ["--help"]],
    [["version"], ["--version"]],
    [["-v"], ["--version"]],
    [
      ["dev-3", "-v"],
      ["dev-3", "-v"],
    ],
    [
      ["status", "help"],
      ["status", "help"],
    ],
  ] as const)
    test(argv.join(" "), () => {
      assert.deepEqual(withoutHelpWord(argv, commands), means);
    });

  test.for([
    ["nope", 'There is no command "nope".\n', "--help"],
    ["statsu", 'There is no command "statsu". Did you mean "status"?\n', "status --help"],
  ] as const)("help %s is refused, with what to type", async ([topic, words, hint], t) => {
    const context = testContext(t, { argv: ["help", topic] });
    assert.equal(await main(context), 2);
    assert.equal(context.err.text, `✗ ${words}  → hasura-migrate ${hint}\n`);
    assert.equal(context.out.text, "");
  });

  test("help of a command is written to stdout", async (t) => {
    const context = testContext(t, { argv: ["help", "status"] });
    assert.equal(await main(context), 0);
    assert.match(context.out.text, /status/);
  });
});
