import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  checkKeys,
  checkedEndpoint,
  checkedRegion,
} from "../../../src/cli/connection/aws/addresses.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";

/** What a check refuses with. */
function refusal(check: () => unknown): Failure {
  try {
    check();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  return assert.fail("it was accepted");
}

describe("an address that was configured", () => {
  for (const url of ["https://lambda.eu-west-1.amazonaws.com", "http://127.0.0.1:9001/x"])
    test(`${url} is taken as it is`, () =>
      assert.equal(checkedEndpoint({ url, from: "AWS_ENDPOINT_URL" }), url));

  const form = "must be a URL such as https://lambda.eu-west-1.amazonaws.com.";
  const login = "must not contain a user name or password.";
  const wrong: [url: string, says: string][] = [
    ["localhost:9001", `${form} It is "localhost:9001".`],
    ["nothing", `${form} It is "nothing".`],
    ["ftp://host", `${form} It is "ftp://host".`],
    ["xhttp://host", `${form} It is "xhttp://host".`],
    ["httpx://host", `${form} It is "httpx://host".`],
    ["https://ada:hidden@host", login],
    ["https://ada@host", login],
    ["https://:hidden@host", login],
    ["ada:hidden@host", form],
  ];
  for (const [url, says] of wrong)
    test(`${url} is refused, and a login in it is not repeated`, () => {
      const { kind, code, message } = refusal(() => checkedEndpoint({ url, from: "THE_VARIABLE" }));
      assert.deepEqual([kind, code], ["usage", "address-invalid"]);
      assert.equal(message, `THE_VARIABLE: ${says}`);
    });
});

describe("a region", () => {
  for (const region of ["eu-west-1", "a", "US-GOV-EAST-1"])
    test(`${region} is taken as it is`, () => assert.equal(checkedRegion(region, "x"), region));

  const example = "A region is a name such as eu-west-1.";
  const bare = "Write it without quotes or spaces: eu-west-1";
  const wrong: [region: string, hint: string][] = [
    ['"eu-west-1"', bare],
    ["''eu-west-1''", bare],
    [" eu-west-1\n", bare],
    [' "eu-west-1" ', bare],
    ["eu west 1", example],
    ['"eu west 1"', example],
    ["-eu", example],
    ["eu-", example],
    ["eu.example.com", example],
    ["x/eu-west-1", example],
    ["", example],
  ];
  for (const [region, hint] of wrong)
    test(`${JSON.stringify(region)} is refused with where it is from`, () => {
      const { kind, code, message, hints } = refusal(() => checkedRegion(region, "AWS_REGION"));
      assert.deepEqual([kind, code], ["usage", "region-invalid"]);
      assert.equal(message, `${JSON.stringify(region)} is not an AWS region (AWS_REGION).`);
      assert.deepEqual(hintLines(hints), [hint]);
    });
});

describe("keys", () => {
  const good = { accessKeyId: "AKIA!~", secretAccessKey: "a/b+c=", sessionToken: "t" };

  test("of visible ASCII characters are accepted, with or without a token", () => {
    checkKeys(good, "x");
    checkKeys({ accessKeyId: "A", secretAccessKey: "s" }, "x");
  });

  const wrong: [keys: Partial<typeof good>, says: string][] = [
    [{ accessKeyId: "AKIA\n" }, "The access key id of CI contains a line break."],
    [{ secretAccessKey: "secret\r" }, "The secret access key of CI contains a line break."],
    [{ sessionToken: "to ken" }, "The session token of CI contains a space."],
    [{ sessionToken: "to\tken\n" }, "The session token of CI contains a line break."],
    [
      { accessKeyId: "AK\u00e4" },
      "The access key id of CI contains a character that keys never contain.",
    ],
    [
      { accessKeyId: "AK\x7f" },
      "The access key id of CI contains a character that keys never contain.",
    ],
  ];
  for (const [keys, says] of wrong)
    test(`are refused without being shown: ${says}`, () => {
      const failure = refusal(() => checkKeys({ ...good, ...keys }, "CI"));
      assert.deepEqual([failure.kind, failure.code], ["usage", "credentials-malformed"]);
      assert.equal(failure.message, says);
      assert.deepEqual(hintLines(failure.hints), [
        "Set it again without that character; nothing was sent.",
      ]);
    });
});
