import http from "node:http";
import net, { type AddressInfo, type Server } from "node:net";
import type { TestContext } from "vitest";

export interface StoreRequest {
  /** Such as `secretsmanager.GetSecretValue`. */
  readonly target: string;
  readonly body: unknown;
}

interface Answer {
  readonly status?: number;
  readonly json: object;
}

export interface SecretStore {
  readonly url: string;
  readonly asked: readonly StoreRequest[];
}

/** Answers as Secrets Manager and the parameter store do on the wire: JSON 1.1, the operation in a header. */
export async function secretStore(
  t: TestContext,
  answer: (request: StoreRequest) => Answer | Promise<Answer>,
): Promise<SecretStore> {
  const asked: StoreRequest[] = [];
  const server = http.createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const it = {
        target: String(request.headers["x-amz-target"]),
        body: JSON.parse(text) as unknown,
      };
      asked.push(it);
      void Promise.resolve(answer(it)).then(({ status = 200, json }) =>
        response
          .writeHead(status, { "content-type": "application/x-amz-json-1.1" })
          .end(JSON.stringify(json)),
      );
    });
  });
  return { url: await listening(t, server), asked };
}

/** Takes connections and never answers: a subnet without a way out, as seen after the handshake. */
export async function silentStore(t: TestContext): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => sockets.add(socket.on("error", () => undefined)));
  const url = await listening(t, server);
  t.onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy());
  });
  return url;
}

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
