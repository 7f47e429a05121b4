import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { acceptRequest } from "../../src/lambda/accept-request.ts";
import { readSettings } from "../../src/lambda/settings.ts";
import { retryHint } from "../../src/protocol/hint.ts";
import { Failure } from "../../src/protocol/failure.ts";
import { operationNames, type Operation } from "../../src/protocol/operations.ts";
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

  for (const [where, event] of [
    ["the environment", request("status", { environment: "a\0" })],
    ["the user", { ...request("status"), actor: { user: "a\0", host: "b" } }],
    ["the branch", { ...request("apply"), actor: { user: "a", host: "b", gitBranch: "\0" } }],
    ["the database", request("apply", { options: { database: "a\0" } })],
    ["a run's id", request("cancel", { options: { run: "\0" } })],
    ["a run's id to look up", request("history", { options: { run: "\0" } })],
    ["the confirmation", request("apply", { options: { confirm: "a\0" } })],
  ] as const) {
    test(`a NUL character in ${where} is a malformed request`, () => {
      const { code, message } = refusal(event, { ...settings, environment: "*" });
      assert.equal(code, "malformed-request");
      assert.match(message, /must not contain a NUL character/);
    });
  }

  for (const [where, event] of [
    ["the user", { ...request("status"), actor: { user: "a".repeat(201), host: "b" } }],
    ["the database", request("apply", { options: { database: "a".repeat(201) } })],
    ["a run's id", request("cancel", { options: { run: "a".repeat(101) } })],
    ["the confirmation", request("apply", { options: { confirm: "a".repeat(201) } })],
  ] as const) {
    test(`an endless text for ${where} is a malformed request`, () => {
      assert.equal(refusal(event).code, "malformed-request");
    });
  }

  test("a lone surrogate is replaced, and does not stop a run", () => {
    const { actor } = acceptRequest(
      { ...request("apply"), actor: { user: "a\ud83d", host: "\ude00b", gitBranch: "😀" } },
      settings,
      arn,
    );
    assert.deepEqual(actor, { user: "a\ufffd", host: "\ufffdb", gitBranch: "😀" });
  });

  for (const event of [{}, { key1: "value1", key2: "value2" }])
    test(`a test event of the AWS console (${JSON.stringify(event)}) is answered with the smallest request, which is accepted`, () => {
      const { message, hints } = refusal(event);
      assert.match(message, /^This is the hasura-migrate function of the environment dev-3,/);
      const smallest = hints
        .flatMap((hint) => (hint.kind === "text" ? [/\{.*\}$/.exec(hint.text)?.[0]] : []))
        .at(0);
      assert.equal(acceptRequest(JSON.parse(smallest ?? ""), settings, arn).operation, "ping");
    });

  test("an unknown option is refused by name, never ignored", () => {
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

  test("a wrong environment is reported first, whatever else is wrong", () => {
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

  test("a protected one asks for the name that it was called by", () => {
    const accept = (confirm: string) => () =>
      acceptRequest(
        request("apply", { environment: "dev-9", options: { confirm } }),
        { ...settings, environment: "*", protected: true },
        arn,
      );
    assert.doesNotThrow(accept("dev-9"));
    assert.throws(accept("*"), { code: "protected" });
  });

  test("a contract from the future is refused with what to do", () => {
    const { code, hints } = refusal({ ...request("status"), contract: 99 });
    assert.equal(code, "contract-mismatch");
    assert.match(JSON.stringify(hints), /newer image/);
  });

  test("an unknown operation is refused with a list of the known ones", () => {
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
    [
      "metadata reload that recreates event triggers, without its name",
      request("metadata-reload", {
        environment: "prod",
        options: { recreateEventTriggers: true },
      }),
      "protected",
    ],
    [
      "metadata reload that recreates event triggers, with its name",
      request("metadata-reload", {
        environment: "prod",
        options: { recreateEventTriggers: true, confirm: "prod" },
      }),
      undefined,
    ],
    ["metadata reload", request("metadata-reload", { environment: "prod" }), undefined],
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

  test("only apply takes a confirmation without the name, which does not suffice for a protected environment", () => {
    const yes = (operation: Operation, options: object = {}) =>
      request(operation, { environment: "prod", options: { ...options, yes: true } });
    const unprotected = { ...prod, protected: false };
    assert.doesNotThrow(() => acceptRequest(yes("apply"), unprotected, arn));
    assert.equal(refusal(yes("apply"), prod).code, "protected");
    for (const operation of operationNames.filter((name) => name !== "apply")) {
      const options = operation === "mark" ? { as: "applied" } : {};
      assert.equal(refusal(yes(operation, options), unprotected).code, "unknown-option", operation);
    }
  });

  test.each([
    [["colour"], 'the option "colour" of apply.', "omit the option."],
    [["colour", "size"], 'the options "colour", "size" of apply.', "omit these options."],
  ])("unknown options are counted in words: %s", (names, message, remedy) => {
    const options = Object.fromEntries(names.map((name) => [name, 1]));
    const { code, message: text, hints } = refusal(request("apply", { options }));
    assert.equal(code, "unknown-option");
    assert.ok(text.endsWith(message), text);
    assert.ok(JSON.stringify(hints).includes(remedy));
  });

  test("an unknown field of the request itself is not an unknown option", () => {
    assert.equal(refusal({ ...request("apply"), colour: 1 }).code, "malformed-request");
  });

  test("one contract version is named alone", () => {
    assert.match(
      refusal({ ...request("apply"), contract: 99 }).message,
      /^The client uses contract version 99, this function 1\.$/,
    );
  });
});
