import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { checkPermission } from "../../src/lambda/permission.ts";
import type { Unqualified } from "../../src/lambda/settings.ts";
import { Failure } from "../../src/protocol/failure.ts";
import { operationNames } from "../../src/protocol/operations.ts";

const arn = "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3";
const reading = [
  "status",
  "plan",
  "inventory",
  "history",
  "locks",
  "metadata-diff",
  "metadata-status",
  "doctor",
  "ping",
];
const applying = [
  ...["apply", "cancel", "rehearse", "seed", "metadata-apply", "metadata-reload"],
  ...reading,
];
const table: readonly [string, string, Unqualified, string[]][] = [
  ["the alias read", ":read", "admin", reading],
  ["the alias apply", ":apply", "admin", applying],
  ["the alias query", ":query", "admin", ["sql"]],
  ["the alias admin", ":admin", "refuse", [...operationNames]],
  ["no alias, where that means admin,", "", "admin", [...operationNames]],
  ["no alias, where that means read,", "", "read", reading],
  ["no alias, where that is refused,", "", "refuse", []],
  ["another alias, where that means apply,", ":live", "apply", applying],
  ["a version number, where that is refused,", ":7", "refuse", []],
  ["a name that every object has, where that is refused,", ":constructor", "refuse", []],
];
describe("permission", () => {
  for (const [who, qualifier, unqualified, expected] of table) {
    test(`${who} allows ${expected.length === 0 ? "nothing" : expected.join(", ")}`, () => {
      const allowed = operationNames.filter((operation) => {
        try {
          checkPermission(operation, arn + qualifier, unqualified);
          return true;
        } catch (thrown) {
          assert(thrown instanceof Failure);
          assert.deepEqual([thrown.kind, thrown.code], ["access", "operation-not-allowed"]);
          return false;
        }
      });
      assert.deepEqual([...allowed].sort(), [...expected].sort());
    });
  }

  test("a refusal names the least privileged alias that would do", () => {
    assert.throws(
      () => checkPermission("cancel", `${arn}:read`, "admin"),
      (thrown) =>
        thrown instanceof Failure &&
        /as "read"/.test(thrown.message) &&
        JSON.stringify(thrown.hints).includes(`${arn}:apply.`),
    );
  });
});
