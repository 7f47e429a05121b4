import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { testContext } from "../../support/test-context.ts";

const help = (command: string) => `hasura-migrate ${command} --help`;
const applies = (rest: string) => `apply has this option: hasura-migrate apply local ${rest}`;

describe("a command line that is refused", () => {
  const cases: [argv: string, message: string, hints: string[]][] = [
    ["dev-1 --stpes 1", 'Unknown option "--stpes". Did you mean "--steps"?', [help("apply")]],
    ["dev-1 --xyzzy=s3cret", 'Unknown option "--xyzzy".', [help("apply")]],
    ["status dev-1 --chekc", 'Unknown option "--chekc". Did you mean "--check"?', [help("status")]],
    ["--xyzzy", 'Unknown option "--xyzzy".', ["hasura-migrate --help"]],
    ["dev-1 --to", "--to needs a value.", [help("apply")]],
    ["new", "Missing argument: name.", [help("new")]],
    ["new a b c", "Too many arguments: b, c.", [help("new")]],
    ["envs x", "Too many arguments: x.", [help("envs")]],
    [
      "dev-1 --steps 1 --to 5 --only 7",
      "--steps and --to and --only cannot be combined.",
      [help("apply")],
    ],
    ["dev-1 --steps 1 --steps 2 --to 5", "--steps and --to cannot be combined.", [help("apply")]],
    ["dev-1 --steps 1 --to 5 --dry-run", "--steps and --to cannot be combined.", [help("apply")]],
    ["local --steps 3", 'Unknown option "--steps".', [applies("--steps 3"), help("local")]],
    [
      "local --steps=3 --wait 5m",
      'Unknown option "--steps".',
      [applies("--steps=3 --wait 5m"), help("local")],
    ],
    ["local --steps=3 --to", 'Unknown option "--steps".', [help("local")]],
    ["local --steps=3 --to 17", 'Unknown option "--steps".', [help("local")]],
    ["local --steps=3 --xyzzy", 'Unknown option "--steps".', [help("local")]],
    ["local -y", 'Unknown option "-y".', [applies("--yes"), help("local")]],
    ["local --serve --steps 3", 'Unknown option "--steps".', [help("local")]],
    ["local --xyzzy", 'Unknown option "--xyzzy".', [help("local")]],
    ["status local --steps 3", 'Unknown option "--steps".', [help("status")]],
  ];
  for (const [argv, message, hints] of cases)
    test(`${argv}: ${message}`, async (t) => {
      const context = testContext(t, { argv: argv.split(" ") });
      assert.equal(await main(context), 2);
      const lines = [`✗ ${message}`, ...hints.map((hint) => `  → ${hint}`)];
      assert.equal(context.err.text.trimEnd(), lines.join("\n"));
      assert.equal(context.out.text, "");
    });
});
