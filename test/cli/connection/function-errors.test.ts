import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { functionFailure } from "../../../src/cli/connection/aws/function-errors.ts";

const inAws = {
  function: "hasura-migrate-dev-3",
  region: "eu-west-1",
  profile: "acme-dev",
  url: "https://lambda.eu-west-1.amazonaws.com",
};
const killed =
  '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"}';
const logs = "aws logs tail /aws/lambda/hasura-migrate-dev-3 --region eu-west-1 --profile acme-dev";

describe("function errors", () => {
  test("a function in AWS that was killed is looked for in its logs, and in its memory", () => {
    const { code, hints } = functionFailure("Unhandled", killed, inAws);
    assert.equal(code, "function-killed");
    assert.deepEqual(hints, ["On Lambda that is mostly the memory: raise the function's.", logs]);
  });

  test("a handler that is not found is named", () => {
    const missing = '{"errorType":"Runtime.ImportModuleError","errorMessage":"Cannot find module"}';
    assert.match(
      functionFailure("Unhandled", missing, inAws).hints[0] ?? "",
      /index\.runMigrations/,
    );
  });

  for (const url of ["http://127.0.0.1:9001", "http://localhost:9001/", "http://[::1]:9001"]) {
    test(`nothing of AWS is said of a function at ${url}`, () => {
      for (const text of [
        killed,
        '{"errorMessage":"2026 r Task timed out after 900.00 seconds"}',
        '{"errorType":"Error","errorMessage":"x"}',
      ])
        assert.deepEqual(functionFailure("Unhandled", text, { ...inAws, url }).hints, []);
    });
  }
});
