import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { acceptRequest } from "../../src/lambda/accept-request.ts";
import { readSettings } from "../../src/lambda/settings.ts";
import { Failure } from "../../src/protocol/failure.ts";

const request = {
  contract: 1,
  runId: "019abcde-0000-7000-8000-000000000000",
  environment: "dev-3",
  actor: { user: "ada", host: "laptop" },
  operation: "sql",
  options: { sql: "SELECT 1" },
};

function outcome(settings: Record<string, string>): string {
  const read = readSettings({
    HASURA_MIGRATE_ENVIRONMENT: "dev-3",
    HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
    ...settings,
  });
  try {
    acceptRequest(request, read, "arn:aws:lambda:eu-west-1:111122223333:function:f");
    return "accepted";
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return `${thrown.code}: ${JSON.stringify(thrown.hints)}`;
  }
}

describe("queries", () => {
  test("are refused by default, with the name of the setting", () => {
    assert.match(outcome({}), /^sql-not-allowed: .*HASURA_MIGRATE_SQL=read /);
    assert.match(outcome({ HASURA_MIGRATE_SQL: "off" }), /^sql-not-allowed/);
  });

  test("are accepted if the setting allows them", () => {
    assert.equal(outcome({ HASURA_MIGRATE_SQL: "read" }), "accepted");
    assert.equal(outcome({ HASURA_MIGRATE_SQL: "read-when-protected" }), "accepted");
  });

  test("need a separate value of the setting if the environment is protected", () => {
    const isProtected = { HASURA_MIGRATE_PROTECTED: "true" };
    assert.match(
      outcome(isProtected),
      /^sql-not-allowed: .*HASURA_MIGRATE_SQL=read-when-protected /,
    );
    assert.match(
      outcome({ ...isProtected, HASURA_MIGRATE_SQL: "read" }),
      /^sql-not-allowed: .*dev-3 is protected/,
    );
    assert.equal(
      outcome({ ...isProtected, HASURA_MIGRATE_SQL: "read-when-protected" }),
      "accepted",
    );
  });
});
