import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { jsonKeyOf, secretIdOf, secretText } from "../../../src/lambda/secrets/secret-text.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const setting = "HASURA_MIGRATE_ADMIN_SECRET_ARN";
const arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura-AbCdEf";

const usable: readonly [string, string, string | undefined, string][] = [
  ["plain text", "s3cret", undefined, "s3cret"],
  ["plain text with a line end", "s3cret\n", undefined, "s3cret"],
  ["plain text that begins with a brace", "{s3cret", undefined, "{s3cret"],
  ["JSON under adminSecret", '{"adminSecret":"s3cret","user":"x"}', undefined, "s3cret"],
  ["JSON under Hasura's own name", '{"HASURA_GRAPHQL_ADMIN_SECRET":"s3cret"}', undefined, "s3cret"],
  ["JSON under a key of its own", '{"adminSecret":"no","mine":"s3cret"}', "mine", "s3cret"],
];
describe("secret text", () => {
  for (const [what, stored, key, expected] of usable) {
    test(`the admin secret is found in ${what}`, () =>
      assert.equal(secretText(stored, key, setting), expected));
  }

  const unusable: readonly [string, string, string | undefined, RegExp][] = [
    ["nothing", " ", undefined, /is empty/],
    [
      "JSON with other keys",
      '{"password":"hidden-value"}',
      undefined,
      /does not contain adminSecret or .*: it has the keys password/,
    ],
    [
      "JSON without the named key",
      '{"adminSecret":"hidden-value"}',
      "mine",
      /does not contain mine: it has the keys adminSecret/,
    ],
    [
      "plain text where a key is named",
      "hidden-value",
      "mine",
      /does not contain mine: it is empty or not a JSON object/,
    ],
    [
      "a secret that is no text",
      '{"adminSecret":{"hidden-value":1}}',
      undefined,
      /has the keys adminSecret/,
    ],
  ];
  for (const [what, stored, key, expected] of unusable) {
    test(`${what} is refused without showing a value`, () => {
      assert.throws(
        () => secretText(stored, key, setting),
        (thrown) =>
          thrown instanceof Failure &&
          thrown.code === "secret-unusable" &&
          expected.test(thrown.message) &&
          !thrown.message.includes("hidden-value"),
      );
    });
  }

  test("an ARN may name a JSON key, as in an ECS task definition", () => {
    assert.deepEqual([secretIdOf(arn), jsonKeyOf(arn)], [arn, undefined]);
    assert.deepEqual([secretIdOf(`${arn}:mine::`), jsonKeyOf(`${arn}:mine::`)], [arn, "mine"]);
    assert.deepEqual([secretIdOf(`${arn}:::`), jsonKeyOf(`${arn}:::`)], [arn, undefined]);
    assert.deepEqual(
      [secretIdOf("hasura/dev"), jsonKeyOf("hasura/dev")],
      ["hasura/dev", undefined],
    );
  });
});
