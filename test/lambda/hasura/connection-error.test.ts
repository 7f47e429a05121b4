import assert from "node:assert/strict";
import net, { type AddressInfo } from "node:net";
import { describe, test } from "vitest";
import { connectionError } from "../../../src/lambda/hasura/connection-error.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const endpoint = new URL("https://hasura.test:8443");
const errorWith = (code?: string): Error =>
  Object.assign(new Error("what Node reported"), code !== undefined && { code });

describe("an error of a connection", () => {
  test("is unknown as soon as a byte may have been sent, whatever its code", async () => {
    for (const code of ["ECONNRESET", "ENOTFOUND", "CERT_HAS_EXPIRED", "EPROTO", undefined]) {
      const cause = errorWith(code);
      const error = await connectionError(cause, true, endpoint);
      assert.deepEqual([error.outcome, error.cause], ["unknown", cause]);
      assert.match(error.message, /hasura\.test:8443 was lost: what Node reported/);
    }
  });

  test("is not-sent before that, and may be transient", async () => {
    for (const code of ["ECONNREFUSED", "EAI_AGAIN", "CONNECT_TIMEOUT", "XCERT_", undefined]) {
      const cause = errorWith(code);
      const error = await connectionError(cause, false, endpoint);
      assert.deepEqual([error.outcome, error.cause], ["not-sent", cause]);
      assert.match(error.message, /hasura\.test:8443 could not be reached: what Node reported/);
    }
  });

  const failures: [nodeCode: string, code: string, message: RegExp, hint: RegExp][] = [
    ["ENOTFOUND", "unknown-host", /"hasura\.test"/, /HASURA_MIGRATE_ENDPOINT/],
    [
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "tls-certificate",
      /8443.*what Node reported/,
      /names and dates/,
    ],
    ["CERT_HAS_EXPIRED", "tls-certificate", /8443.*what Node reported/, /names and dates/],
    ["CERT_NOT_YET_VALID", "tls-certificate", /8443/, /names and dates/],
    ["EPROTO", "tls-failed", /hasura\.test:8443/, /http:\/\//],
  ];
  for (const [nodeCode, code, message, hint] of failures) {
    test(`${nodeCode} is ${code}, which waiting does not resolve`, async () => {
      const cause = errorWith(nodeCode);
      const error = await connectionError(cause, false, endpoint);
      assert.equal(error.outcome, "not-sent");
      assert(error.cause instanceof Failure);
      assert.deepEqual([error.cause.kind, error.cause.code], ["unreachable", code]);
      assert.match(error.cause.message, message);
      assert.equal(error.message, error.cause.message);
      assert.equal(error.cause.hints.length, 1);
      assert.match(JSON.stringify(error.cause.hints), hint);
      assert.equal(error.cause.cause, cause);
    });
  }

  for (const nodeCode of [
    "SELF_SIGNED_CERT_IN_CHAIN",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "CERT_UNTRUSTED",
  ])
    test(`${nodeCode} is an unknown authority, also where the certificate cannot be read again`, async (t) => {
      const server = net.createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      t.onTestFinished(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const cause = errorWith(nodeCode);
      const where = new URL(`https://127.0.0.1:${port}`);
      const { outcome, cause: failure } = await connectionError(cause, false, where);
      assert.equal(outcome, "not-sent");
      assert(failure instanceof Failure);
      assert.deepEqual([failure.kind, failure.code], ["unreachable", "tls-unknown-authority"]);
      assert.match(failure.message, /^127\.0\.0\.1:\d+ presents .* unknown authority\.$/);
      assert.equal(failure.hints.length, 2);
      assert.match(JSON.stringify(failure.hints), /of its authority.*NODE_EXTRA_CA_CERTS/);
      assert.equal(failure.cause, cause);
    });
});
