import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { acceptRequest, runIdOf } from "../../src/lambda/accept-request.ts";
import { readSettings, type Settings } from "../../src/lambda/settings.ts";
import { Failure } from "../../src/protocol/failure.ts";
import { contractVersion } from "../../src/protocol/version.ts";
import { request } from "./support/request.ts";

const arn = "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3";
const settings = readSettings({
  HASURA_MIGRATE_ENVIRONMENT: "dev-3",
  HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
});

function refusal(event: unknown, given: Partial<Settings> = {}, calledAs = ""): Failure {
  try {
    acceptRequest(event, { ...settings, ...given }, arn + calledAs);
  } catch (thrown) {
    assert(thrown instanceof Failure);
    return thrown;
  }
  return assert.fail("the request was accepted");
}
const hintsOf = ({ hints }: Failure): string => JSON.stringify(hints);

describe("a request that is refused", () => {
  test("for its shape names each field that is wrong", () => {
    const missing = refusal({ ...request("status"), runId: "1", actor: undefined });
    assert.match(missing.message, /^The request is invalid \(runId: .*; actor: /);
    assert.equal(missing.hints.length, 2);
    assert.match(
      refusal(request("apply", { options: { steps: 0 } })).message,
      /\(options\.steps: /,
    );
  });

  test("for not being a request at all names the function", () => {
    const status = request("status");
    for (const event of [
      "apply",
      { operation: "status" },
      { ...status, environment: "" },
      { ...status, contract: 1.5 },
    ]) {
      const failure = refusal(event);
      assert.deepEqual([failure.kind, failure.code], ["usage", "malformed-request"]);
      assert.match(failure.message, /function of the environment dev-3, but the event is not/);
      assert.equal(failure.hints.length, 2);
    }
  });

  test("for another environment names the settings to check", () => {
    const failure = refusal(request("status", { environment: "prod" }));
    assert.deepEqual([failure.kind, failure.code], ["usage", "wrong-environment"]);
    assert.match(hintsOf(failure), /"prod\\" in hasura-migrate\.json/);
  });

  test("for an older contract asks for a newer client, and for a newer one for a newer image", () => {
    const older = refusal({ ...request("status"), contract: 0 });
    assert.deepEqual([older.kind, older.code], ["usage", "contract-mismatch"]);
    assert.deepEqual(
      older.hints.map((hint) => hint.kind === "command" && hint.argv),
      [["npx", "hasura-migrate@latest"]],
    );
    const newer = refusal({ ...request("status"), contract: contractVersion + 1 });
    assert.match(hintsOf(newer), /newer image/);
    assert.match(newer.message, /version 2, this function 1\.$/);
  });

  test("for its operation asks for a newer image", () => {
    assert.match(hintsOf(refusal({ ...request("status"), operation: "explode" })), /newer image/);
  });

  test("for an option lists those of the operation", () => {
    const failure = refusal(request("apply", { options: { turbo: 1, warp: 2 } }));
    assert.match(failure.message, /the options "turbo", "warp" of apply/);
    assert.match(hintsOf(failure), /Options of apply: .*steps, .*or omit these options/);
    assert.match(
      hintsOf(refusal(request("ping", { options: { turbo: 1 } }))),
      /ping takes no options/,
    );
  });

  test("for an unknown field of another place is malformed, not an unknown option", () => {
    const failure = refusal({ ...request("status"), actor: { user: "a", host: "b", extra: 1 } });
    assert.equal(failure.code, "malformed-request");
    assert.match(failure.message, /\(actor: /);
    assert.match(hintsOf(failure), /smallest valid request is .*dev-3.*ping/);
  });

  test("for lack of permission is refused before its confirmation is checked", () => {
    const protectedSettings = { protected: true, environment: "dev-3" };
    assert.equal(
      refusal(request("down"), protectedSettings, ":read").code,
      "operation-not-allowed",
    );
    assert.equal(refusal(request("down"), protectedSettings, ":admin").code, "protected");
  });

  test("for its confirmation explains what is wrong", () => {
    const protectedSettings = { protected: true };
    assert.match(
      refusal(request("apply"), protectedSettings).message,
      /dev-3 is protected, but the request is not confirmed: apply/,
    );
    const other = request("apply", { options: { confirm: "prod" } });
    assert.match(
      refusal(other, protectedSettings).message,
      /but the request is confirmed for "prod": apply/,
    );
  });
});

describe("the run id of an event", () => {
  test("is read from any event that has one", () => {
    const { runId } = request("status");
    assert.equal(runIdOf({ runId, whatever: 1 }), runId);
    for (const event of [{ runId: "1" }, {}, null, undefined, "x"])
      assert.equal(runIdOf(event), undefined);
  });
});
