import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { commandFor, foreignWords, withoutHelpWord } from "../../../src/cli/options/synonyms.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const commands = createProgram("0", { columns: 80, write: () => undefined }).cliCommands.map(
  (command) => command.name(),
);

describe("words of other tools", () => {
  for (const [word, command] of [
    ["up", "apply"],
    ["migrate", "apply"],
    ["deploy", "apply"],
    ["rollback", "down"],
    ["info", "status"],
    ["ls", "status"],
    ["repair", "mark"],
    ["create", "new"],
  ] as const)
    test(`"${word}" is no environment: did you mean "${command}"?`, async (t) => {
      for (const argv of [[word], [word, "dev-3"]]) {
        const context = testContext(t, { argv });
        assert.equal(await main(context), 2);
        assert.match(
          context.err.text,
          new RegExp(`There is no command "${word}"\\. Did you mean "${command}"\\?`),
        );
        const rest = argv
          .slice(1)
          .map((each) => ` ${each}`)
          .join("");
        assert.ok(
          context.err.text.includes(`→ hasura-migrate ${command}${rest}\n`),
          context.err.text,
        );
      }
    });

  for (const word of foreignWords)
    test(`"${word}" is no environment either`, async (t) => {
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
    [
      ["status", "help"],
      ["status", "help"],
    ],
  ] as const)
    test(argv.join(" "), () => {
      assert.deepEqual(withoutHelpWord(argv, commands), means);
    });

  test("help of a command is written to stdout", async (t) => {
    const context = testContext(t, { argv: ["help", "status"] });
    assert.equal(await main(context), 0);
    assert.match(context.out.text, /status/);
  });
});
