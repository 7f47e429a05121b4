import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Delivery } from "../../../src/cli/connection/aws/delivery.ts";
import { ProxyError } from "../../../src/cli/connection/aws/http-handler.ts";
import { networkFailure, type Journey } from "../../../src/cli/connection/aws/network-errors.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { awsError, systemError } from "./support/aws-errors.ts";

/** http, so that no certificate is looked at. */
const journey: Journey = {
  service: "the service",
  url: new URL("http://host.example:8080"),
  unreachable: "lambda-unreachable",
  env: {},
};

/** A request that failed on its way to this address. */
function failed(error: unknown, sent: boolean, url = "http://sts.example"): Delivery {
  const delivery = new Delivery();
  delivery.sent = sent;
  delivery.failure = { error, url: new URL(url) };
  return delivery;
}

const anyAddress = "Check the address, the network and HTTPS_PROXY.";
const anyName = "Check the region's name, the network and HTTPS_PROXY.";

describe("a connection that was not made", () => {
  const reasons: [error: unknown, reason: string, advice: string][] = [
    [systemError("ECONNREFUSED"), "it refuses connections", anyAddress],
    [systemError("ENOTFOUND"), "its name cannot be resolved (ENOTFOUND)", anyName],
    [systemError("EAI_AGAIN"), "its name cannot be resolved (EAI_AGAIN)", anyName],
    [systemError("EHOSTUNREACH"), "EHOSTUNREACH", anyAddress],
    [new Error("getaddrinfo ENOTFOUND x"), "its name cannot be resolved (ENOTFOUND)", anyName],
    [new Error("getaddrinfo EAI_AGAIN x"), "its name cannot be resolved (EAI_AGAIN)", anyName],
    [new Error("it did not establish a connection"), "it does not respond", anyAddress],
  ];
  for (const [error, reason, advice] of reasons)
    test(`is explained by ${String(error)}`, async () => {
      const failure = await networkFailure(error, undefined, journey);
      assert.deepEqual([failure?.kind, failure?.code], ["unreachable", "lambda-unreachable"]);
      assert.equal(
        failure?.message,
        `Could not reach the service at host.example:8080: ${reason}; nothing was sent.`,
      );
      assert.deepEqual(hintLines(failure.hints), [advice]);
      assert.equal(failure.cause, error);
    });

  test("names its purpose, and no address if none is known", async () => {
    const unknown = { ...journey, url: undefined, purpose: "the credentials" };
    const failure = await networkFailure(systemError("ECONNREFUSED"), undefined, unknown);
    assert.match(failure?.message ?? "", /^Could not reach the service for the credentials: it /);
  });

  const unsent: [error: unknown, reason: string][] = [
    [systemError("ECONNRESET"), "the connection was closed before anything was sent (ECONNRESET)"],
    [systemError("EPROTO"), "it does not speak TLS (EPROTO)"],
    [new Error("something odd"), "something odd"],
  ];
  for (const [error, reason] of unsent)
    test(`is one that broke before anything was sent: ${reason}`, async () => {
      const thrown = new Error("what the provider made of it");
      const failure = await networkFailure(thrown, failed(error, false), journey);
      assert.equal(
        failure?.message,
        `Could not reach the service at sts.example: ${reason}; nothing was sent.`,
      );
      assert.equal(failure.cause, thrown);
      assert.equal(await networkFailure(error, failed(error, true), journey), undefined);
      assert.equal(await networkFailure(error, new Delivery(), journey), undefined);
    });

  test("is not inferred from an aborted request, or from an error of the service", async () => {
    const aborted = awsError("AbortError", "aborted");
    assert.equal(await networkFailure(aborted, failed(aborted, false), journey), undefined);
    assert.equal(await networkFailure(awsError("Throttled"), undefined, journey), undefined);
  });
});

describe("a proxy that fails", () => {
  const direct = (host: string) =>
    `If it can be reached without the proxy, add ${host} to NO_PROXY.`;
  const login = "Put the login into HTTPS_PROXY, percent-encoded: http://USER:PASSWORD@HOST:PORT";
  const cases: [error: ProxyError, url: URL | undefined, message: string, hints: string[]][] = [
    [
      new ProxyError("p:3128", 407),
      journey.url,
      "The proxy p:3128 responded with 407 to a connection to host.example:8080: it requires a login; nothing was sent.",
      [login, direct("host.example")],
    ],
    [
      new ProxyError("p:3128", 403),
      journey.url,
      "The proxy p:3128 responded with 403 to a connection to host.example:8080; nothing was sent.",
      ["Ask for host.example to be allowed by the proxy.", direct("host.example")],
    ],
    [
      new ProxyError("p:3128", 502),
      undefined,
      "The proxy p:3128 responded with 502 to a connection to the service; nothing was sent.",
      ["Ask for the service to be allowed by the proxy.", direct("the service")],
    ],
    [
      new ProxyError("p:3128", undefined, systemError("ECONNREFUSED")),
      journey.url,
      "The proxy p:3128 cannot be used: it refuses connections; nothing was sent.",
      ["Check HTTPS_PROXY and the network.", direct("host.example")],
    ],
  ];
  for (const [error, url, message, hints] of cases)
    test(`is what is named: ${message}`, async () => {
      const failure = await networkFailure(error, undefined, { ...journey, url });
      assert.deepEqual([failure?.kind, failure?.code], ["unreachable", "proxy-refused"]);
      assert.equal(failure?.message, message);
      assert.deepEqual(hintLines(failure.hints), hints);
      assert.equal(failure.cause, error.cause);
    });

  test("has an error that states what it did", () => {
    assert.equal(new ProxyError("p:1", 407).message, "The proxy p:1 responded with 407");
    assert.equal(new ProxyError("p:1", undefined).message, "The proxy p:1 cannot be used");
    assert.equal(new ProxyError("p:1", 407).name, "ProxyError");
  });
});

describe("a certificate that is not trusted", () => {
  const clock = "Compare this machine's clock with the certificate's dates.";
  const name = "The certificate is for another name: check the address and HTTPS_PROXY.";
  const authority =
    "If it is your company's certificate authority, set NODE_EXTRA_CA_CERTS to the path of its certificate (PEM), then run again.";
  const cases: [error: Error, shown: string, advice: string][] = [
    [systemError("CERT_HAS_EXPIRED", "x"), "CERT_HAS_EXPIRED", clock],
    [systemError("CERT_NOT_YET_VALID", "x"), "CERT_NOT_YET_VALID", clock],
    [new Error("certificate has expired"), "certificate has expired", clock],
    [systemError("ERR_TLS_CERT_ALTNAME_INVALID", "x"), "ERR_TLS_CERT_ALTNAME_INVALID", name],
    [
      new Error("Hostname does not match certificate's altnames"),
      "Hostname does not match certificate's altnames",
      name,
    ],
    [systemError("SELF_SIGNED_CERT_IN_CHAIN", "x"), "SELF_SIGNED_CERT_IN_CHAIN", authority],
  ];
  for (const [error, shown, advice] of cases)
    test(`because of ${shown} is named, with what to do`, async () => {
      const failure = await networkFailure(error, undefined, journey);
      assert.deepEqual([failure?.kind, failure?.code], ["unreachable", "tls"]);
      assert.equal(
        failure?.message,
        `The certificate of host.example:8080 is not trusted (${shown}). Nothing was sent.`,
      );
      assert.deepEqual(hintLines(failure.hints), [advice]);
      assert.equal(failure.cause, error);
    });

  test("is the service's where its address is not known", async () => {
    const error = systemError("CERT_REJECTED", "x");
    const failure = await networkFailure(error, undefined, { ...journey, url: undefined });
    assert.match(failure?.message ?? "", /^The certificate of the service is not trusted/);
  });
});
