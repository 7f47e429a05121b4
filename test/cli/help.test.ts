import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { createProgram } from "../../src/cli/program.ts";
import { exitCode } from "../../src/protocol/exit-code.ts";
import { testContext } from "../support/test-context.ts";

const program = createProgram("1.2.3", { columns: 80, write: () => undefined });
const commandNames = program.cliCommands.map((command) => command.path);

describe("help", () => {
  for (const columns of [80, 60]) {
    test(`no line of any help is wider than ${columns} columns, but the usage of the longest command`, async (t) => {
      for (const argv of [
        ["--help"],
        ...commandNames.flatMap((name) => [
          [name, "--help"],
          [name, "--help", "--all"],
        ]),
      ]) {
        const context = testContext(t, { argv, columns });
        assert.equal(await main(context), 0);
        const wide = context.out.text
          .split("\n")
          .filter((line) => line.length > columns && !(columns < 80 && line.startsWith("Usage: ")));
        assert.deepEqual(wide, [], argv.join(" "));
      }
    });
  }

  const refused: readonly { argv: readonly string[]; says: string }[] = [
    {
      argv: ["down", "dev-1", "0"],
      says: "✗ count: must be at least 1.\n  → hasura-migrate down --help\n",
    },
    {
      argv: ["dev-1", "--steps", "0"],
      says: "✗ --steps: must be at least 1.\n  → hasura-migrate apply --help\n",
    },
    {
      argv: ["history", "dev-1", "--limit", "x", "--run", "?"],
      says: "✗ --run: must be a run's id, or a prefix of one.\n  --limit: must be a whole number.\n  → hasura-migrate history --help\n",
    },
    {
      argv: ["redo", "status", "--stpes"],
      says: '✗ Unknown option "--stpes".\n  → hasura-migrate redo --help\n',
    },
    { argv: ["new"], says: "✗ Missing argument: name.\n  → hasura-migrate new --help\n" },
    {
      argv: ["history", "dev-1", "--limit", "1001"],
      says: "✗ --limit: must be at most 1000.\n  → hasura-migrate history --help\n",
    },
    {
      argv: ["dev-1", "--wait", "5x"],
      says: "✗ --wait: must be a duration such as 30s or 10m.\n  → hasura-migrate apply --help\n",
    },
    {
      argv: ["dev-1", "--database", ""],
      says: "✗ --database: must not be empty.\n  → hasura-migrate apply --help\n",
    },
    {
      argv: ["dev-1", "--to"],
      says: "✗ --to needs a value.\n  → hasura-migrate apply --help\n",
    },
    {
      argv: ["envs", "dev-1"],
      says: "✗ Too many arguments: dev-1.\n  → hasura-migrate envs --help\n",
    },
    {
      argv: ["--foo"],
      says: '✗ Unknown option "--foo".\n  → hasura-migrate --help\n',
    },
    {
      argv: ["dev-1", "--foo"],
      says: '✗ Unknown option "--foo".\n  → hasura-migrate apply --help\n',
    },
    {
      argv: ["metadata"],
      says: '✗ "metadata" must be followed by one of: diff, export, apply, status, reload, restore.\n  → hasura-migrate metadata --help\n',
    },
    {
      argv: ["metadata", "dif", "dev-1"],
      says: '✗ There is no command "metadata dif". Did you mean "diff"?\n  → hasura-migrate metadata --help\n',
    },
    {
      argv: ["metadata", "diff", "dev-1", "--chek"],
      says: '✗ Unknown option "--chek". Did you mean "--check"?\n  → hasura-migrate metadata diff --help\n',
    },
    {
      argv: ["--profile"],
      says: "✗ --profile needs a value.\n  → hasura-migrate --help\n",
    },
  ];

  for (const { argv, says } of refused) {
    test(`${argv.join(" ")} names what was typed, and the help of its command`, async (t) => {
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      assert.equal(context.err.text, says);
    });
  }

  for (const command of program.cliCommands) {
    test(`the help of ${command.path} has examples that the program understands`, () => {
      assert.ok(command.examples.length > 0);
      for (const { args } of command.examples) {
        const parsed = createProgram("1.2.3", { columns: 80, write: () => undefined });
        let ran = "";
        for (const each of parsed.cliCommands) each.action(() => void (ran = each.path));
        parsed.parse(shellWords(args), { from: "user" });
        assert.ok(parsed.cliCommands.some((each) => each.path === ran));
      }
    });
  }

  /** Words of an example; its only quotes are single ones. */
  function shellWords(text: string): string[] {
    return (text.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ""));
  }

  test("global options are folded into one line that leads to --all, which lists them", async (t) => {
    const [folded, all] = [
      testContext(t, { argv: ["status", "--help"] }),
      testContext(t, { argv: ["status", "--help", "--all"] }),
    ];
    assert.deepEqual([await main(folded), await main(all)], [0, 0]);
    assert.match(
      folded.out.text,
      /^Global options: --json, .*\n.*\n\(described by: hasura-migrate status --help --all\)$/m,
    );
    assert.doesNotMatch(folded.out.text, /--profile <name>/);
    assert.match(
      all.out.text,
      /^Global options:\n {2}--json {2,}print newline-delimited JSON on stdout$/m,
    );
    assert.match(all.out.text, /^ {2}--profile <name> {2,}AWS profile$/m);
  });

  test("the exit codes of the help are those of the failures", async (t) => {
    const context = testContext(t, { argv: ["--help"] });
    assert.equal(await main(context), 0);
    const listed = [...context.out.text.matchAll(/^ {2}(\d+) {2,}\S/gm)].map(([, code]) =>
      Number(code),
    );
    assert.deepEqual(listed, [0, ...Object.values(exitCode)]);
  });
});
