import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { secretsIn } from "../../src/lambda/settings.ts";

describe("what may be a secret in the environment", () => {
  test.each([
    ["Hasura's admin secret", { HASURA_MIGRATE_ADMIN_SECRET: "it" }],
    ["blanks around it", { HASURA_MIGRATE_ADMIN_SECRET: " it\n" }],
    ["one of Hasura's own variables", { HASURA_GRAPHQL_ADMIN_SECRET: "it" }],
    ["a misspelt setting, whatever it was meant to be", { HASURA_MIGRATE_ADMN_SECRT: "it" }],
    ["a name that only resembles an address", { HASURA_MIGRATE_SECRET_ARN_OLD: "it" }],
  ])("%s", (_, env) => {
    assert.deepEqual(secretsIn(env), ["it"]);
  });

  test.each([
    ["the ARN of a secret", { HASURA_MIGRATE_ADMIN_SECRET_ARN: "arn:aws:x" }],
    ["the name of a parameter", { HASURA_MIGRATE_ADMIN_SECRET_PARAMETER: "/dev-3" }],
    ["another setting", { HASURA_MIGRATE_ENVIRONMENT: "dev-3" }],
    ["another program's variable", { AWS_SECRET_ACCESS_KEY: "x", MY_HASURA_SECRET: "y" }],
    ["another program's variable with a similar end", { OLD_HASURA_MIGRATE_: "x" }],
  ])("not %s", (_, env) => {
    assert.deepEqual(secretsIn(env), []);
  });

  test("all of them", () => {
    assert.deepEqual(
      secretsIn({
        HASURA_MIGRATE_ADMIN_SECRET: "one",
        HASURA_MIGRATE_ENVIRONMENT: "dev-3",
        HASURA_X_SECRET: "two",
        HASURA_MIGRATE_ADMIN_SECRET_ARN: undefined,
      }),
      ["one", "two"],
    );
  });
});
