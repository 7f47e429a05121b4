import http from "node:http";
import type { AddressInfo } from "node:net";
import { finished } from "node:stream/promises";
import type { TestContext } from "vitest";

/** A server that passes requests on, as both harmful proxies are. */
export interface Proxy {
  readonly url: string;
  /** Resolves when no request is on its way any more. */
  readonly idle: () => Promise<void>;
}

/** Starts it; stopped after the test. `serve` gets each request with its whole body; where it throws, `failed` hears and the connection breaks. */
export async function startProxy(
  t: TestContext,
  serve: (
    request: http.IncomingMessage,
    response: http.ServerResponse,
    body: string,
  ) => Promise<void>,
  failed: (thrown: unknown) => void = () => undefined,
): Promise<Proxy> {
  const onTheWay = new Set<Promise<unknown>>();
  const server = http.createServer((request, response) => {
    response.on("error", () => undefined);
    const work = read(request)
      .then((body) => serve(request, response, body))
      .catch((thrown: unknown) => {
        failed(thrown);
        response.destroy();
      });
    onTheWay.add(work);
    void work.finally(() => onTheWay.delete(work));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    idle: async () => {
      while (onTheWay.size > 0) await Promise.all(onTheWay);
    },
  };
}

/** A whole body as text. */
export async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Passes a request on to whom it is for; resolves at the head of the answer. */
export type Onward = () => Promise<http.IncomingMessage>;

/** Whoever answers goes on to the end of it, whoever listens. */
export async function ended(answer: http.IncomingMessage): Promise<void> {
  await finished(answer.resume());
}

/** With RST, as a machine on the way does that has lost track of a connection. */
export function reset(response: http.ServerResponse): void {
  response.socket?.resetAndDestroy();
}
