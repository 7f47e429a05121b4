import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { TestContext } from "vitest";

/** A pooler in front of a database's server, which leads each connection to that database, whichever it asks for. */
export async function poolerOf(
  t: TestContext,
  database: string,
): Promise<{ readonly url: string; readonly database: string }> {
  const { hostname, port, pathname } = new URL(database);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => socket.destroy());
    }
    client.once("data", (startup) => {
      upstream.write(startupFor(Buffer.from(startup), pathname.slice(1)));
      client.pipe(upstream).pipe(client);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  const url = new URL(database);
  url.hostname = "127.0.0.1";
  url.port = String(typeof address === "object" ? address?.port : "");
  return { url: url.href, database };
}

/** The startup message, of a length, a protocol version and pairs of texts, with the name of another database. */
function startupFor(message: Buffer, database: string): Buffer {
  const parameters = message.toString("latin1", 4).replace(/(\0database\0)[^\0]*/, `$1${database}`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(4 + parameters.length);
  return Buffer.concat([length, Buffer.from(parameters, "latin1")]);
}
