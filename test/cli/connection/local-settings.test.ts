import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { testContext } from "../../support/test-context.ts";

describe("settings that local --serve passes on", () => {
  test.for([
    [
      { HASURA_MIGRATE_NOTIFY_URL: "hidden-value" },
      /HASURA_MIGRATE_NOTIFY_URL must be an https:\/\/ URL \(http:\/\/ only for this machine\)/,
    ],
    [
      { HASURA_MIGRATE_NOTIFY_ON: "sometimes" },
      /HASURA_MIGRATE_NOTIFY_ON must be one of changes, failures, all/,
    ],
  ] as const)("are checked before anything is started: %j", async ([env, words], t) => {
    const context = testContext(t, { argv: ["local", "--serve"], env });
    assert.equal(await main(context), 2);
    assert.match(context.err.text, words);
    assert.match(context.err.text, /Correct the environment variable/);
    assert.doesNotMatch(context.err.text, /hidden-value|template/);
    assert.equal(context.out.text, "");
  });
});
