import assert from "node:assert/strict";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { describe, test, type TestContext } from "vitest";
import { Failure } from "../../../src/protocol/failure.ts";
import { scriptedHasura } from "../../support/scripted-hasura.ts";
import { callError, client, sql } from "../support/hasura-client.ts";
import { server as privateServer } from "../support/private-authority.ts";

async function listening(t: TestContext, server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("connection", () => {
  test("a refused connection is not-sent", async (t) => {
    const closed = net.createServer();
    const port = await listening(t, closed);
    await new Promise((resolve) => closed.close(resolve));
    const error = await callError(client(t, `http://127.0.0.1:${String(port)}`).runSql(sql));
    assert.equal(error.outcome, "not-sent");
    assert.equal(error.cause instanceof Failure, false);
  });

  test("a host that does not exist is not-sent, and is not awaited", async (t) => {
    const error = await callError(client(t, "http://hasura.invalid:8080").runSql(sql));
    assert.equal(error.outcome, "not-sent");
    // Without any name server the answer is "try again", which is no verdict.
    if (!error.message.includes("EAI_AGAIN"))
      assert.equal(error.cause instanceof Failure && error.cause.code, "unknown-host");
  });

  test("a handshake that never ends is given up after the connect timeout", async (t) => {
    const port = await listening(t, net.createServer());
    const error = await callError(
      client(t, `https://127.0.0.1:${String(port)}`, { connectMs: 50 }).runSql(sql),
    );
    assert.equal(error.outcome, "not-sent");
    assert.match(error.message, /no connection within 0.05 s/);
  });

  test("an answer may take longer than a connection may", async (t) => {
    const connectMs = 300;
    let receive: (socket: net.Socket) => void = () => undefined;
    const received = new Promise<net.Socket>((resolve) => (receive = resolve));
    const server = net.createServer((socket) => socket.once("data", () => receive(socket)));
    const port = await listening(t, server);
    const running = client(t, `http://127.0.0.1:${String(port)}`, { connectMs }).runSql(sql);
    const socket = await received;
    await new Promise((resolve) => setTimeout(resolve, connectMs * 1.2)); // the bound that must not apply
    socket.end(
      'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"result_type":"CommandOk","result":null}',
    );
    assert.deepEqual(await running, { columns: [], rows: [] });
  });

  test("an unknown authority is explained with issuer, fingerprint and what to do", async (t) => {
    const server = https.createServer(
      { cert: privateServer.certificate, key: privateServer.key },
      () => assert.fail("a request was sent"),
    );
    const port = await listening(t, server);
    const error = await callError(client(t, `https://127.0.0.1:${String(port)}`).runSql(sql));
    assert.equal(error.outcome, "not-sent");
    assert(error.cause instanceof Failure);
    assert.equal(error.cause.code, "tls-unknown-authority");
    assert.match(
      error.cause.message,
      /"hasura.internal".*"Example Private Authority, Example Corp".*fingerprint ([0-9A-F]{2}:){31}[0-9A-F]{2}/,
    );
    assert.match(JSON.stringify(error.cause.hints), /docker\/certificates/);
  });

  test("https:// to a port that speaks http:// is reported as such", async (t) => {
    const { url } = await scriptedHasura(t, () => ({ json: {} }));
    const error = await callError(client(t, url.replace("http:", "https:")).runSql(sql));
    assert.equal(error.cause instanceof Failure && error.cause.code, "tls-failed");
  });

  test("an endless answer is abandoned at the bound", async (t) => {
    const server = net.createServer((socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write("x".repeat(16_384))) continue;
      };
      socket.on("error", () => undefined).on("drain", more);
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        more();
      });
      t.onTestFinished(() => {
        socket.destroy();
      });
    });
    const port = await listening(t, server);
    const error = await callError(
      client(t, `http://127.0.0.1:${String(port)}`, {
        largestAnswerBytes: 50_000,
      }).exportMetadata(),
    );
    assert.match(error.message, /too large/);
  });
});
