import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Failure } from "../../../src/protocol/failure.ts";
import { proxyFor } from "../../../src/cli/connection/aws/proxies.ts";

const lambda = new URL("https://lambda.eu-west-1.amazonaws.com");
const proxy = "http://proxy.example.com:3128";

describe("the proxy for an address", () => {
  const variables: readonly [env: Record<string, string>, url: URL, from: string | undefined][] = [
    [{ https_proxy: proxy, HTTPS_PROXY: "http://other:1" }, lambda, "https_proxy"],
    [{ https_proxy: "", HTTPS_PROXY: proxy }, lambda, "HTTPS_PROXY"],
    [{ ALL_PROXY: proxy }, lambda, "ALL_PROXY"],
    [{ HTTPS_PROXY: proxy, all_proxy: "http://other:1" }, lambda, "HTTPS_PROXY"],
    [{ HTTP_PROXY: proxy }, lambda, undefined],
    [{ HTTP_PROXY: proxy }, new URL("http://localhost:9001"), "HTTP_PROXY"],
    [{ HTTPS_PROXY: proxy }, new URL("http://localhost:9001"), undefined],
    [{}, lambda, undefined],
  ];
  for (const [env, url, from] of variables)
    test(`${url.protocol} with ${JSON.stringify(env)} is ${from ?? "none"}`, () => {
      assert.deepEqual(proxyFor(url, env), from && { url: proxy, from });
    });

  const exceptions: readonly [noProxy: string, url: string, isDirect: boolean][] = [
    ["*", "https://example.com", true],
    ["example.com", "https://example.com", true],
    ["EXAMPLE.com", "https://Example.COM", true],
    ["example.com", "https://other.example.com", false],
    ["example.com", "https://notexample.com", false],
    [".example.com", "https://other.example.com", true],
    ["*.example.com", "https://other.example.com", true],
    [".example.com", "https://example.com", false],
    ["other, example.com", "https://example.com", true],
    ["other example.com", "https://example.com", true],
    ["example.com:443", "https://example.com", true],
    ["example.com:8443", "https://example.com", false],
    ["example.com:8443", "https://example.com:8443", true],
    ["[::1]", "https://[::1]:9001", true],
    [" , ", "https://example.com", false],
  ];
  for (const [noProxy, url, isDirect] of exceptions)
    test(`NO_PROXY=${noProxy} ${isDirect ? "excepts" : "does not except"} ${url}`, () => {
      for (const name of ["NO_PROXY", "no_proxy"])
        assert.equal(
          proxyFor(new URL(url), { HTTPS_PROXY: proxy, [name]: noProxy }) === undefined,
          isDirect,
        );
    });

  for (const login of ["user:hid/den", "user:1/hidden", "user:1?hidden", "user:hid%den"])
    test(`with a login that is not encoded is refused without it: ${login}`, () => {
      assert.throws(
        () => proxyFor(lambda, { HTTPS_PROXY: `http://${login}@proxy.example.com:3128` }),
        (thrown) =>
          thrown instanceof Failure &&
          thrown.code === "proxy-invalid" &&
          !/hid|den\b/.test(thrown.message),
      );
    });
});
