import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { acceptRequest } from "../../src/lambda/accept-request.ts";
import { readSettings } from "../../src/lambda/settings.ts";
import { retryHint } from "../../src/protocol/hint.ts";
import { Failure } from "../../src/protocol/failure.ts";
import { request } from "./support/request.ts";

const arn = "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3";
const settings = readSettings({
  HASURA_MIGRATE_ENVIRONMENT: "dev-3",
  HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
});
const prod = { ...settings, environment: "prod", protected: true };

function refusal(event: unknown, given = settings): Failure {
  try {
    acceptRequest(event, given, arn);
  } catch (thrown) {
    assert(thrown instanceof Failure);
    return thrown;
  }
  assert.fail("the request was admitted");
}

describe("accept request", () => {
  test("a request for this environment is admitted as it is", () => {
    const event = request("apply", { options: { steps: 2 } });
    assert.deepEqual(acceptRequest(event, settings, arn), event);
  });

  for (const [what, event] of [
    ["nothing", undefined],
    ["null", null],
    ["a text", "apply"],
    ["a list", []],
    ["an empty object", {}],
    ["a request with a field too many", { ...request("status"), endpoint: "http://elsewhere" }],
    ["a runId that is no UUID", { ...request("status"), runId: "1" }],
    ["a version that is a number", request("apply", { options: { to: 1700000000000 } })],
  ] as const) {
    test(`${what} is a malformed request`, () => {
      const { kind, code } = refusal(event);
      assert.deepEqual([kind, code], ["usage", "malformed-request"]);
    });
  }

  test("an option that this side does not know is refused by name, never ignored", () => {
    const { kind, code, message } = refusal(
      request("apply", { options: { steps: 1, turbo: true } }),
    );
    assert.deepEqual([kind, code], ["usage", "unknown-option"]);
    assert.match(message, /"turbo" of apply/);
  });

  test("a request for another environment is refused, and both are named", () => {
    const { code, message } = refusal(request("status", { environment: "prod" }));
    assert.equal(code, "wrong-environment");
    assert.match(message, /"dev-3".*"prod"/);
  });

  test("another environment is reported first, whatever else is wrong", () => {
    assert.equal(
      refusal({ ...request("apply", { environment: "prod" }), options: { turbo: true } }).code,
      "wrong-environment",
    );
  });

  test("the embedded environment answers to every name", () => {
    assert.equal(
      acceptRequest(
        request("status", { environment: "dev-9" }),
        { ...settings, environment: "*" },
        arn,
      ).environment,
      "dev-9",
    );
  });

  test("a contract from the future is refused with what to do", () => {
    const { code, hints } = refusal({ ...request("status"), contract: 99 });
    assert.equal(code, "contract-mismatch");
    assert.match(JSON.stringify(hints), /newer image/);
  });

  test("an operation that this side does not know is refused with those it knows", () => {
    const { code, message } = refusal({ ...request("status"), operation: "explode" });
    assert.equal(code, "unknown-operation");
    assert.match(message, /"explode".*apply, down/);
  });

  const confirmations: readonly [string, unknown, string | undefined][] = [
    ["apply without its name", request("apply", { environment: "prod" }), "protected"],
    [
      "apply with another name",
      request("apply", { environment: "prod", options: { confirm: "dev-3" } }),
      "protected",
    ],
    [
      "apply with its name",
      request("apply", { environment: "prod", options: { confirm: "prod" } }),
      undefined,
    ],
    [
      "apply as a dry run",
      request("apply", { environment: "prod", options: { dryRun: true } }),
      undefined,
    ],
    ["down without its name", request("down", { environment: "prod" }), "protected"],
    ["redo without its name", request("redo", { environment: "prod" }), "protected"],
    [
      "mark without its name",
      request("mark", { environment: "prod", options: { versions: ["1"], as: "applied" } }),
      "protected",
    ],
    ["status", request("status", { environment: "prod" }), undefined],
    ["plan", request("plan", { environment: "prod" }), undefined],
    ["cancel", request("cancel", { environment: "prod" }), undefined],
  ];
  for (const [what, event, code] of confirmations) {
    test(`a protected environment ${code === undefined ? "serves" : "refuses"} ${what}`, () => {
      if (code === undefined) acceptRequest(event, prod, arn);
      else {
        const refused = refusal(event, prod);
        assert.deepEqual([refused.kind, refused.code], ["usage", code]);
        assert.deepEqual(refused.hints, [retryHint({ with: ["--yes=prod"] })]);
      }
    });
  }
});
