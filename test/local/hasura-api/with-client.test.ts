import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, test, type TestContext } from "vitest";
import { HasuraError } from "../../../src/local/hasura-api/hasura-error.ts";
import { setUpFailure, withClient } from "../../../src/local/hasura-api/with-client.ts";
import { Failure } from "../../../src/protocol/failure.ts";

/** A server that lets everybody in, answers the first query with this message, and closes the connection. */
async function closingServer(t: TestContext, answer: Buffer): Promise<string> {
  const letIn = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write(letIn);
      socket.once("data", () => socket.end(answer));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return `postgres://u:secret@127.0.0.1:${String(port)}/d`;
}

function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const error = (...fields: string[]): Buffer =>
  message("E", Buffer.from(fields.map((field) => `${field}\0`).join("") + "\0"));

async function failureOf(url: string): Promise<Failure> {
  const thrown = await withClient(url, async (client) => {
    await client.query("SELECT 1");
  }).catch((caught: unknown) => caught);
  assert(thrown instanceof Failure, String(thrown));
  assert.doesNotMatch(thrown.message, /secret/);
  return thrown;
}

describe("the set-up of a database", () => {
  for (const [what, answer] of [
    ["is cut off", Buffer.alloc(0)],
    ["is ended by its server", error("SFATAL", "C57P01", "Mterminating connection")],
  ] as const)
    test(`fails as unreachable if its connection ${what}`, async (t) => {
      const { kind, code, message: text } = await failureOf(await closingServer(t, answer));
      assert.deepEqual([kind, code], ["unreachable", "database-unreachable"]);
      assert.match(text, /^The connection to the database at 127\.0\.0\.1:\d+\/d was lost/);
    });

  test("repeats the message of a database that refuses it", async (t) => {
    const refused = await failureOf(
      await closingServer(t, error("SERROR", "C53100", "Mdisk full")),
    );
    assert.equal(refused.code, "database-refused");
    assert.match(refused.message, /refused to set up the environment: disk full\.$/);
  });

  test("fails as unreachable if the connection of the metadata's store is lost, but not for a bug", () => {
    const url = "postgres://127.0.0.1/d";
    const lost = new HasuraError(500, "unexpected", "database query error", {
      cause: new Error("Connection terminated unexpectedly"),
    });
    const failure = setUpFailure(lost, url);
    assert.equal(failure instanceof Failure && failure.code, "database-unreachable");
    const bug = new Error("a bug");
    assert.equal(setUpFailure(bug, url), bug);
  });
});
