import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { authority, server as localhost } from "../../lambda/support/private-authority.ts";
import { keys } from "../../support/aws-keys.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

async function portOf(t: TestContext, server: ReturnType<typeof createHttpServer>) {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A service whose certificate only a private authority has signed. */
function privateService(t: TestContext): Promise<number> {
  return portOf(t, createServer({ key: localhost.key, cert: localhost.certificate }));
}

/** A proxy that connects to that service, whatever was asked for. */
async function interceptingProxy(t: TestContext): Promise<string> {
  const target = await privateService(t);
  const server = createHttpServer();
  server.on("connect", (_, socket) => {
    const upstream = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    for (const each of [socket, upstream]) each.on("error", () => undefined);
  });
  return `127.0.0.1:${await portOf(t, server)}`;
}

async function errorWith(t: TestContext, env: Record<string, string>): Promise<string> {
  const context = testContext(t, { argv: ["dev-3"], env: { ...keys, ...env } });
  assert.equal(await main(context), 4, context.err.text);
  assert.match(context.err.text, /is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/);
  return context.err.text;
}

async function errorWithAuthorities(t: TestContext, file: string): Promise<string> {
  const port = await privateService(t);
  return errorWith(t, {
    AWS_ENDPOINT_URL_LAMBDA: `https://localhost:${port}`,
    NODE_EXTRA_CA_CERTS: file,
  });
}

function fileWith(t: TestContext, content: string | Buffer): string {
  const file = join(emptyDirectory(t), "authority");
  writeFileSync(file, content);
  return file;
}

const otherAuthority = localhost.certificate;

describe("what to do about a certificate that is not trusted", () => {
  test("without NODE_EXTRA_CA_CERTS, set it", async (t) => {
    const port = await privateService(t);
    const text = await errorWith(t, { AWS_ENDPOINT_URL_LAMBDA: `https://localhost:${port}` });
    assert.match(
      text,
      /→ If it is your company's certificate authority, set NODE_EXTRA_CA_CERTS to the path/,
    );
    assert.doesNotMatch(text, /proxy/);
  });

  const files: readonly {
    readonly what: string;
    readonly file: (t: TestContext) => string;
    readonly says: RegExp;
  }[] = [
    {
      what: "that does not exist",
      file: () => "/nonexistent/authority.pem",
      says: /NODE_EXTRA_CA_CERTS is set to "\/nonexistent\/authority\.pem", which does not exist\./,
    },
    {
      what: "that is a directory",
      file: emptyDirectory,
      says: /NODE_EXTRA_CA_CERTS is set to "\S+", which cannot be read \(EISDIR\)\./,
    },
    {
      what: "without a certificate",
      file: (t) => fileWith(t, "authority"),
      says: /NODE_EXTRA_CA_CERTS is set to "\S+", which contains no PEM certificate\./,
    },
    {
      what: "in DER",
      file: (t) => fileWith(t, new X509Certificate(authority.certificate).raw),
      says: /which is in DER format: Node reads only PEM\.[\s\S]*to convert it: openssl x509 -inform der -in \S+ -out \S+\.pem$/m,
    },
    {
      what: "with a damaged certificate",
      file: (t) => fileWith(t, authority.certificate.replace("MIIB", "AAAA")),
      says: /which contains a damaged certificate\./,
    },
    {
      what: "with another authority",
      file: (t) => fileWith(t, otherAuthority),
      says: /which contains "hasura\.internal", but not "Example Private Authority, Example Corp": add its certificate \(PEM\)\./,
    },
    {
      what: "with many other authorities",
      file: (t) => fileWith(t, otherAuthority.repeat(4)),
      says: /which contains 4 certificates, but not "Example Private Authority, Example Corp"/,
    },
    {
      what: "that has an authority of the same name",
      file: (t) => fileWith(t, authority.certificate),
      says: /Its certificate "Example Private Authority, Example Corp" has the right name, but is not the one that is needed\./,
    },
  ];
  for (const { what, file, says } of files)
    test(`with NODE_EXTRA_CA_CERTS set to a file ${what}, say so`, async (t) => {
      const text = await errorWithAuthorities(t, file(t));
      assert.match(text.replaceAll(/\n {4}/g, " "), says);
      assert.doesNotMatch(text, /run again/);
    });

  test("with a proxy, it is named as the likely origin, and its certificate is shown", async (t) => {
    const proxy = await interceptingProxy(t);
    const text = await errorWith(t, { HTTPS_PROXY: `http://user:hidden@${proxy}` });
    assert.match(text, /It presents "hasura\.internal", issued by "Example Private Authority, /);
    assert.match(
      text,
      new RegExp(
        `The connection goes through the proxy ${proxy} \\(HTTPS_PROXY\\), which most likely presents this certificate`,
      ),
    );
    assert.match(text, /Set NODE_EXTRA_CA_CERTS to the path of the proxy's CA/);
    assert.match(text, /add lambda\.eu-west-1\.amazonaws\.com to NO_PROXY/);
    assert.doesNotMatch(text, /hidden/);
  });

  test("with a proxy and NODE_EXTRA_CA_CERTS, both are explained", async (t) => {
    const proxy = await interceptingProxy(t);
    const text = await errorWith(t, {
      HTTPS_PROXY: `http://${proxy}`,
      NODE_EXTRA_CA_CERTS: fileWith(t, otherAuthority),
    });
    assert.match(text, /through the proxy/);
    assert.match(text, /which contains "hasura\.internal", but not "Example Private Authority/);
  });
});
