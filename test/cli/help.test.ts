import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { commandNames } from "../../src/cli/program.ts";
import { testContext } from "../support/test-context.ts";

describe("help", () => {
  for (const columns of [80, 60]) {
    test(`no line of any help is wider than ${columns} columns, but the usage of the longest command`, async (t) => {
      for (const argv of [["--help"], ...commandNames.map((name) => [name, "--help"])]) {
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
      says: "✗ --run: must be a run's id, or the beginning of one.\n  --limit: must be a whole number.\n  → hasura-migrate history --help\n",
    },
    {
      argv: ["redo", "status", "--stpes"],
      says: "✗ Unknown option '--stpes'.\n  → hasura-migrate redo --help\n",
    },
    { argv: ["new"], says: "✗ Missing required argument 'name'.\n  → hasura-migrate new --help\n" },
  ];

  for (const { argv, says } of refused) {
    test(`${argv.join(" ")} names what was typed, and the help of its command`, async (t) => {
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      assert.equal(context.err.text, says);
    });
  }
});
