import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { adminSecretStores } from "../../../src/lambda/secrets/secret-store.ts";
import { readSecretReference, secretText } from "../../../src/lambda/secrets/secret-text.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const setting = "HASURA_MIGRATE_ADMIN_SECRET_ARN";
const wanted = adminSecretStores.secretsManager;
const arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura-AbCdEf";

const usable: readonly [string, string, string | undefined, string][] = [
  ["plain text", "s3cret", undefined, "s3cret"],
  ["plain text with a line end", "s3cret\n", undefined, "s3cret"],
  ["plain text that begins with a brace", "{s3cret", undefined, "{s3cret"],
  ["JSON under adminSecret", '{"adminSecret":"s3cret","user":"x"}', undefined, "s3cret"],
  ["JSON under Hasura's own name", '{"HASURA_GRAPHQL_ADMIN_SECRET":"s3cret"}', undefined, "s3cret"],
  ["JSON under a custom key", '{"adminSecret":"no","mine":"s3cret"}', "mine", "s3cret"],
];
describe("secret text", () => {
  for (const [what, stored, key, expected] of usable) {
    test(`the admin secret is found in ${what}`, () =>
      assert.equal(secretText(stored, key, wanted), expected));
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
        () => secretText(stored, key, wanted),
        (thrown) =>
          thrown instanceof Failure &&
          thrown.code === "secret-unusable" &&
          expected.test(thrown.message) &&
          !thrown.message.includes("hidden-value"),
      );
    });
  }

  const references: readonly [string, object][] = [
    [arn, { id: arn }],
    [`${arn}:mine::`, { id: arn, jsonKey: "mine" }],
    [`${arn}:::`, { id: arn }],
    [`${arn}:mine:AWSPREVIOUS:`, { id: arn, jsonKey: "mine", versionStage: "AWSPREVIOUS" }],
    [`${arn}::AWSPENDING`, { id: arn, versionStage: "AWSPENDING" }],
    [`${arn}:::0f3a-1`, { id: arn, versionId: "0f3a-1" }],
    [
      `${arn}:mine:AWSCURRENT:0f3a-1`,
      { id: arn, jsonKey: "mine", versionStage: "AWSCURRENT", versionId: "0f3a-1" },
    ],
    ["hasura/dev", { id: "hasura/dev" }],
    [
      "hasura/dev:mine:AWSPREVIOUS:",
      { id: "hasura/dev", jsonKey: "mine", versionStage: "AWSPREVIOUS" },
    ],
  ];
  for (const [reference, expected] of references)
    test(`every part of a reference counts: ${reference}`, () =>
      assert.deepEqual(readSecretReference(reference, setting), expected));

  test("too many parts are refused", () => {
    assert.throws(
      () => readSecretReference(`${arn}:a:b:c:d`, setting),
      (thrown) => thrown instanceof Failure && thrown.code === "secret-unusable",
    );
  });
});
