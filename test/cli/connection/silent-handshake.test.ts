import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { emptyDirectory, testContext, type TestCliContext } from "../../support/test-context.ts";

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.on("connection", (socket) => t.onTestFinished(() => void socket.destroy()));
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Takes connections, and answers nothing that is sent over them. */
function silentService(t: TestContext): Promise<number> {
  return portOf(t, createServer());
}

/** A proxy that connects to nothing but says it has. */
async function silentTunnel(t: TestContext): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createHttpServer();
  server.on("connect", ({ url = "" }, socket) => {
    asked.push(url);
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
  });
  return { port: await portOf(t, server), asked };
}

/** Runs the command; every timer of that length runs out as soon as it is set, and not before `asked`. */
async function runOutOf(
  ms: number,
  t: TestContext,
  options: Omit<Parameters<typeof testContext>[1], "argv">,
  asked: Promise<void> = Promise.resolve(),
): Promise<{ exit: number; context: TestCliContext }> {
  const context = testContext(t, { ...options, argv: ["dev-3"] });
  const state = { over: false };
  const running = main(context).finally(() => {
    state.over = true;
  });
  await asked;
  while (!state.over) {
    await context.waitsFor(ms, () => state.over).catch(() => undefined);
    context.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { exit: await running, context };
}

const uncertain = /may (still )?be running|Looking up/;

describe("a connection that does not answer the TLS handshake", () => {
  test("has sent nothing to Lambda: exit 4 after ten seconds", async (t) => {
    const port = await silentService(t);
    const { exit, context } = await runOutOf(10_000, t, {
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: `https://127.0.0.1:${port}` },
    });
    assert.equal(exit, 4);
    assert.match(
      context.err.text,
      /✗ Could not reach the Lambda service at 127\.0\.0\.1:\d+: it accepts the connection, but does not respond to the TLS handshake; nothing was sent\./,
    );
    assert.doesNotMatch(context.err.text, uncertain);
  });

  test("has sent nothing through a proxy either", async (t) => {
    const { port, asked } = await silentTunnel(t);
    const { exit, context } = await runOutOf(10_000, t, {
      env: { ...keys, HTTPS_PROXY: `http://127.0.0.1:${port}` },
    });
    assert.equal(exit, 4);
    assert.match(
      context.err.text,
      new RegExp(
        `at lambda\\.eu-west-1\\.amazonaws\\.com through the proxy 127\\.0\\.0\\.1:${port}: it accepts the connection, but does not respond to the TLS handshake; nothing was sent\\.`,
      ),
    );
    assert.deepEqual(asked, ["lambda.eu-west-1.amazonaws.com:443"]);
    assert.doesNotMatch(context.err.text, uncertain);
  });

  test("has sent nothing to STS", async (t) => {
    const home = emptyDirectory(t);
    mkdirSync(join(home, ".aws"));
    writeFileSync(
      join(home, ".aws/config"),
      "[profile dev-3]\nrole_arn = arn:aws:iam::444455556666:role/migrate\nsource_profile = base\nregion = eu-west-1\n[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n",
    );
    const port = await silentService(t);
    const { exit, context } = await runOutOf(10_000, t, {
      home,
      env: { AWS_ENDPOINT_URL_STS: `https://127.0.0.1:${port}` },
    });
    assert.equal(exit, 4, context.err.text);
    assert.match(
      context.err.text,
      /Could not reach AWS at 127\.0\.0\.1:\d+ for the credentials of profile "dev-3": it accepts/,
    );
  });

  test("of STS, silent once it was asked, is named with the profile: nothing was sent to the function", async (t) => {
    const home = emptyDirectory(t);
    mkdirSync(join(home, ".aws"));
    writeFileSync(
      join(home, ".aws/config"),
      "[profile dev-3]\nrole_arn = arn:aws:iam::444455556666:role/migrate\nsource_profile = base\nregion = eu-west-1\n[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n",
    );
    const server = createServer();
    const asked = new Promise<void>((done) =>
      server.once("connection", (socket) => socket.once("data", () => done())),
    );
    const env = { AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${await portOf(t, server)}` };
    const { exit, context } = await runOutOf(60_000, t, { home, env }, asked);
    assert.equal(exit, 4, context.err.text);
    assert.match(
      context.err.text,
      /✗ STS at 127\.0\.0\.1:\d+ did not respond within 60 s, so there are no credentials from profile "dev-3"; nothing was sent to the function\.\n +→ .*: aws sts get-caller-identity --profile dev-3/,
    );
  });

  test("has sent nothing by the time the wait for an answer ends", async (t) => {
    const port = await silentService(t);
    const { exit, context } = await runOutOf(60_000, t, {
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: `https://127.0.0.1:${port}` },
    });
    assert.equal(exit, 4);
    assert.match(
      context.err.text,
      /The request could not be sent within 60 s, so nothing has run\./,
    );
    assert.doesNotMatch(context.err.text, uncertain);
  });
});
