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
const log = {
  kind: "command",
  argv: ["aws", "logs", "tail", "/aws/lambda/hasura-migrate-dev-3"].concat(
    ["--region", "eu-west-1"],
    ["--profile", "acme-dev"],
  ),
  reason: "read its log",
};

describe("function errors", () => {
  test("a function in AWS that was killed gets hints about its log and its memory", () => {
    const { code, hints } = functionFailure("Unhandled", killed, inAws);
    assert.equal(code, "function-killed");
    assert.deepEqual(hints, [
      { kind: "text", text: "On Lambda the usual cause is memory: raise the function's." },
      log,
    ]);
  });

  test("a handler that is not found is named", () => {
    const missing = '{"errorType":"Runtime.ImportModuleError","errorMessage":"Cannot find module"}';
    assert.deepEqual(functionFailure("Unhandled", missing, inAws).hints, [
      { kind: "text", text: "Check the image's handler: it must be index.runMigrations." },
      log,
    ]);
  });

  for (const url of ["http://127.0.0.1:9001", "http://localhost:9001/", "http://[::1]:9001"]) {
    test(`AWS is not mentioned for a function at ${url}`, () => {
      for (const text of [
        killed,
        '{"errorMessage":"2026 r Task timed out after 900.00 seconds"}',
        '{"errorType":"Error","errorMessage":"x"}',
      ])
        assert.deepEqual(functionFailure("Unhandled", text, { ...inAws, url }).hints, []);
    });
  }

  const reports: readonly [report: string, code: string, message: string][] = [
    [
      '{"errorMessage":"2026 r Task timed out after 900.00 seconds"}',
      "function-timeout",
      "timed out after 900 s",
    ],
    ['{"errorType":"Sandbox.Timedout"}', "function-timeout", "timed out"],
    ['{"errorType":"Runtime.OutOfMemory"}', "function-out-of-memory", "ran out of memory"],
    [killed, "function-killed", "was killed"],
    ['{"errorType":"Runtime.HandlerNotFound"}', "function-broken", "cannot start"],
    ['{"errorType":"Error","errorMessage":"boom"}', "function-crashed", "crashed"],
  ];
  for (const [report, code, what] of reports) {
    test(`${report} is ${code}`, () => {
      const failure = functionFailure("Unhandled", report, inAws);
      assert.deepEqual(
        [failure.code, failure.message],
        [code, `The function hasura-migrate-dev-3 ${what}.`],
      );
    });
  }

  test("the log of an alias is the function's log", () => {
    const arn = "arn:aws:lambda:eu-west-1:111122223333:function:migrate:apply";
    const [, hint] = functionFailure("Unhandled", killed, { ...inAws, function: arn }).hints;
    assert.ok(hint?.kind === "command" && hint.argv[3] === "/aws/lambda/migrate");
  });
});
