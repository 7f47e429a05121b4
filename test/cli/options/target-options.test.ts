import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { testContext } from "../../support/test-context.ts";

const elsewhere = "postgres://me@127.0.0.1:1/mine";
const ignored: readonly { argv: readonly string[]; says: string; next: string }[] = [
  {
    argv: ["status", "local", "--profile", "x"],
    says: "--profile has no effect on local",
    next: "hasura-migrate status local",
  },
  {
    argv: ["apply", "local", "--region=eu-west-1"],
    says: "--region has no effect on local",
    next: "hasura-migrate apply local",
  },
  {
    argv: ["local", "--endpoint-url", "http://127.0.0.1:1", "--function", "f", "--reset"],
    says: "--endpoint-url and --function have no effect on local",
    next: "hasura-migrate local --reset",
  },
  {
    argv: ["local", "--serve", "--profile", "x"],
    says: "--profile has no effect on local",
    next: "hasura-migrate local --serve",
  },
  {
    argv: ["plan", "dev-1", "--database-url", elsewhere],
    says: "--database-url has no effect on dev-1",
    next: "hasura-migrate plan dev-1",
  },
  {
    argv: ["dev-1", "--migrations", "."],
    says: "--migrations has no effect on dev-1",
    next: "hasura-migrate dev-1",
  },
];

describe("target options", () => {
  for (const { argv, says, next } of ignored) {
    test(`an option that would be ignored is refused: ${argv.join(" ")}`, async (t) => {
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      assert.ok(context.err.text.startsWith(`✗ ${says}: `), context.err.text);
      assert.ok(context.err.text.endsWith(`\n  → ${next}\n`), context.err.text);
    });
  }
});
