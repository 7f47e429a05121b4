import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { testContext } from "../../support/test-context.ts";

const refused: readonly { argv: readonly string[]; says: string }[] = [
  {
    argv: ["local", "--migrations", "db", "--no-wait"],
    says: '✗ Unknown option "--no-wait".\n  → apply has this option: hasura-migrate apply local --migrations db --no-wait\n  → hasura-migrate local --help\n',
  },
  {
    argv: ["local", "--strict", "--reset"],
    says: '✗ Unknown option "--strict".\n  → hasura-migrate local --help\n',
  },
  {
    argv: ["local", "--stpes"],
    says: '✗ Unknown option "--stpes".\n  → hasura-migrate local --help\n',
  },
  ...["locall", "locla"].map((name) => ({
    argv: ["status", name],
    says: `✗ Unknown environment "${name}". Did you mean "local"?\n  → if ${name} is an environment: hasura-migrate status ${name} --function hasura-migrate-${name}\n`,
  })),
  { argv: ["status", "Local"], says: '✗ Unknown environment "Local". Did you mean "local"?\n' },
];

describe("meant local", () => {
  for (const { argv, says } of refused) {
    test(`${argv.join(" ")} gets a suggestion`, async (t) => {
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      assert.equal(context.err.text, says);
    });
  }

  for (const argv of [
    ["local-2"],
    ["locale-files"],
    ["locall", "--function", "hasura-migrate-locall"],
  ]) {
    test(`${argv.join(" ")} is accepted as an environment's name`, async (t) => {
      const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: "http://127.0.0.1:1" };
      const context = testContext(t, { argv: ["status", ...argv], env });
      assert.equal(await main(context), 4);
      assert.match(context.err.text, /refuses connections/);
    });
  }
});
