import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { testContext } from "../../support/test-context.ts";

/** Where `--json` is the value of an option or an operand, the output is not JSON. */
const notOptions: readonly (readonly string[])[] = [
  ["dev-1", "--to", "--json"],
  ["history", "dev-1", "--run", "--json"],
  ["mark", "dev-1", "--applied", "--", "--json"],
  ["dev-1", "--config=--json"],
];
describe("command line", () => {
  for (const argv of notOptions) {
    test(`--json is not an option in: ${argv.join(" ")}`, async (t) => {
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      assert.equal(context.out.text, "");
      assert.match(context.err.text, /^✗ /);
    });
  }

  test("--json after --sql is the content of up.sql", async (t) => {
    const context = testContext(t, {
      argv: ["new", "notes", "--migrations", ".", "--sql", "--json"],
    });
    assert.equal(await main(context), 0);
    assert.match(context.out.text, /^\/.*_notes\n$/);
  });

  for (const argv of [
    ["--json", "dev-1", "--stpes"],
    ["dev-1", "--stpes", "--json"],
    ["dev-1", "--json", "--to"],
    ["--stpes", "dev-1", "--json"],
    ["--json", "status", "dev-1", "--profile"],
  ]) {
    test(`--json is known although the rest is refused: ${argv.join(" ")}`, async (t) => {
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      const closing = JSON.parse(context.out.text) as { failure: { hints: { text: string }[] } };
      const [hint] = closing.failure.hints.slice(-1);
      assert.match(hint?.text ?? "", /^hasura-migrate (apply|status) --help$/);
    });
  }

  test("options before and after the command are equivalent, and the later one wins", async (t) => {
    const context = testContext(t, {
      argv: ["--config", "a.json", "envs", "--config", "b.json"],
    });
    assert.equal(await main(context), 2);
    assert.match(context.err.text, /b\.json/);
  });

  test("the version is printed once, whatever else is typed", async (t) => {
    const context = testContext(t, { argv: ["--version", "--json"] });
    assert.equal(await main(context), 0);
    assert.equal(context.out.text, "0.1.0\n");
  });

  const conflicts: readonly [argv: readonly string[], message: string][] = [
    [["dev-1", "--steps", "1", "--to", "5"], "--steps and --to cannot be combined."],
    [["plan", "dev-1", "--only", "1", "--to", "5"], "--only and --to cannot be combined."],
    [
      ["down", "dev-1", "--everything", "--only", "5"],
      "--everything and --only cannot be combined.",
    ],
    [
      ["mark", "dev-1", "5", "--applied", "--pending"],
      "--applied and --pending cannot be combined.",
    ],
  ];
  for (const [argv, message] of conflicts) {
    test(`${argv.join(" ")} is refused`, async (t) => {
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      assert.ok(context.err.text.startsWith(`✗ ${message}\n`), context.err.text);
    });
  }
});
