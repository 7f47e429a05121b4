import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { describe, test, vi, type TestContext } from "vitest";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { httpCaller, type HttpCaller } from "../../../src/lambda/hasura/http-call.ts";
import { server as certified } from "../support/private-authority.ts";

/** A caller of a server that does this with each request. */
async function callerOf(
  t: TestContext,
  serve: http.RequestListener,
  more: { path?: string; largestAnswerBytes?: number } = {},
): Promise<HttpCaller> {
  const server = http.createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const caller = httpCaller({
    endpoint: new URL(`http://127.0.0.1:${port}${more.path ?? ""}`),
    connectMs: 5000,
    largestAnswerBytes: more.largestAnswerBytes ?? 1000,
  });
  t.onTestFinished(() => {
    caller.close();
    server.closeAllConnections();
    server.close();
  });
  return caller;
}

const get = { method: "GET", path: "/v1/version", headers: {}, limitMs: 60_000 } as const;

describe("a call over HTTP", () => {
  test("answers with the status, the location and the text", async (t) => {
    const caller = await callerOf(t, (_, response) => {
      response.writeHead(301, { location: "https://elsewhere/" });
      response.end("öß");
    });
    assert.deepEqual(await caller.call(get), {
      status: 301,
      location: "https://elsewhere/",
      text: "öß",
      cut: false,
    });
  });

  test("sends the length of the body in bytes, and the headers", async (t) => {
    const caller = await callerOf(t, (request, response) => {
      const { "content-length": length, "x-a": a, "transfer-encoding": encoding } = request.headers;
      response.end(JSON.stringify([request.method, length, a, encoding]));
    });
    const answer = async (call: Parameters<HttpCaller["call"]>[0]): Promise<unknown> =>
      JSON.parse((await caller.call(call)).text);
    const post = { ...get, method: "POST", headers: { "x-a": "b" }, body: "ö" } as const;
    assert.deepEqual(await answer(post), ["POST", "2", "b", null]);
    assert.deepEqual(await answer({ ...post, body: "" }), ["POST", "0", "b", null]);
    assert.deepEqual(await answer(get), ["GET", null, null, null]);
  });

  for (const [path, expected] of [
    ["", "/v1/version"],
    ["/", "/v1/version"],
    ["/base", "/base/v1/version"],
    ["/a/b//", "/a/b/v1/version"],
    ["/base?key=x", "/base/v1/version?key=x"],
  ] as const)
    test(`goes below the endpoint's path "${path}"`, async (t) => {
      const caller = await callerOf(t, ({ url }, response) => response.end(url), { path });
      assert.equal((await caller.call(get)).text, expected);
    });

  test("reads an answer up to its bound, and no further", async (t) => {
    const caller = await callerOf(
      t,
      (_, response) => {
        response.write("12345");
        response.end("67890");
      },
      { largestAnswerBytes: 10 },
    );
    const whole = await caller.call(get);
    assert.deepEqual([whole.text, whole.cut], ["1234567890", false]);
    const bounded = await callerOf(t, (_, response) => response.end("1234567890"), {
      largestAnswerBytes: 9,
    });
    const part = await bounded.call(get);
    assert.deepEqual([part.text, part.cut], ["123456789", true]);
  });

  test("uses a connection again, and none after it is closed", async (t) => {
    const ports = new Set<number | undefined>();
    const caller = await callerOf(t, ({ socket }, response) => {
      ports.add(socket.remotePort);
      response.end();
    });
    await caller.call(get);
    await caller.call(get);
    assert.equal(ports.size, 1);
    caller.close();
    await caller.call(get);
    assert.equal(ports.size, 2);
  });

  test("that is still running ends as unknown when the client is closed", async (t) => {
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const caller = await callerOf(t, () => arrived());
    const ended = caller.call(get).catch((error: unknown) => error);
    await arrival;
    caller.close();
    const error = await ended;
    assert(error instanceof HasuraCallError);
    assert.equal(error.outcome, "unknown");
  });

  test("runs at most eight at a time", async (t) => {
    const held: http.ServerResponse[] = [];
    let eight: () => void = () => undefined;
    const full = new Promise<void>((resolve) => (eight = resolve));
    const caller = await callerOf(t, (_, response) => {
      held.push(response);
      if (held.length === 8) eight();
      if (held.length > 8) response.end();
    });
    const calls = Array.from({ length: 9 }, () => caller.call(get));
    await full;
    assert.equal(held.length, 8);
    held.forEach((response) => response.end());
    await Promise.all(calls);
    assert.equal(held.length, 9);
  });

  test("stops waiting for a connection once there is one", async (t) => {
    const server = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const endpoint = new URL(`http://127.0.0.1:${port}`);
    const caller = httpCaller({ endpoint, connectMs: 60_000, largestAnswerBytes: 1 });
    t.onTestFinished(() => caller.close());
    await assert.rejects(caller.call(get), { outcome: "unknown" });
  });

  test("over TLS is unknown as soon as the connection is established", async (t) => {
    // Node reads it for each connection; there is no other way to trust the tests' authority in a running process.
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    t.onTestFinished(() => void vi.unstubAllEnvs());
    const { certificate: cert, key } = certified;
    const server = https.createServer({ cert, key }, ({ socket }) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const endpoint = new URL(`https://127.0.0.1:${port}`);
    const caller = httpCaller({ endpoint, connectMs: 60_000, largestAnswerBytes: 1 });
    t.onTestFinished(() => caller.close());
    await assert.rejects(caller.call(get), { outcome: "unknown" });
  });
});
