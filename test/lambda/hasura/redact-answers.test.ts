import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { redactor } from "../../../src/lambda/secrets/redact.ts";
import { scriptedHasura } from "../../support/scripted-hasura.ts";
import { client } from "../support/hasura-client.ts";

const secret = "correct horse/battery+staple";
const encoded = encodeURIComponent(secret);
const inBase64 = Buffer.from(secret).toString("base64");
const internal = {
  statement: `SELECT '${secret}'`,
  error: {
    exec_status: "FatalError",
    status_code: "42601",
    message: secret,
    description: encoded,
    hint: inBase64,
  },
};

/** What a call to a Hasura with this answer throws, and all of its causes. */
async function thrownBy(t: Parameters<typeof client>[0], answer: object): Promise<string> {
  const { url } = await scriptedHasura(t, () => answer);
  const redact = redactor();
  redact.learn(secret);
  const hasura = client(t, url, { redact: redact.text });
  const error = await hasura.runSql({ kind: "postgres", sql: "SELECT 1" }).then(
    () => assert.fail("it was answered"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HasuraCallError);
  const cause = error.cause instanceof Error ? error.cause.message : "";
  return JSON.stringify([error.message, error, cause]);
}

describe("secrets in answers", () => {
  const answers: readonly [string, object, RegExp?][] = [
    [
      "Hasura's own error",
      { status: 400, json: { error: `x ${secret}`, code: "c", path: encoded, internal } },
    ],
    [
      "Hasura's own error without one of the database",
      { status: 400, json: { error: `x ${secret}`, code: "c", path: "$" } },
    ],
    ["a page of a proxy", { status: 502, text: `<title>${inBase64}</title>` }],
    ["a page that is cut inside the secret", { status: 502, text: `${"x".repeat(90)}${secret}` }],
    [
      "a page that is cut inside its encoding",
      { status: 502, text: `${"x".repeat(90)}${encoded}` },
    ],
    ["a success that is not Hasura's", { status: 200, text: `hello ${secret}` }],
    [
      "the query of a redirect",
      {
        status: 302,
        text: "",
        headers: { location: `https://u:p@x.example/login?s=${encoded}#${secret}` },
      },
      /https:\/\/x\.example\/login\./,
    ],
    [
      "the path of a redirect",
      { status: 302, text: "", headers: { location: `https://x.example/${encoded}` } },
    ],
    [
      "a redirect without a host",
      { status: 302, text: "", headers: { location: `/a?s=cut-${secret.slice(0, 9)}` } },
    ],
  ];
  for (const [what, answer, expected] of answers) {
    test(`${what} is passed on without it`, async (t) => {
      const text = await thrownBy(t, answer);
      for (const part of [secret.slice(0, 9), encoded.slice(0, 9), inBase64.slice(0, 9), "u:p"])
        assert.ok(!text.includes(part), text);
      assert.match(text, expected ?? /\[admin sec|redirects/);
    });
  }
});
