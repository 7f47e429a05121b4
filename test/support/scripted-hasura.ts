import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "vitest";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** The parsed JSON body, undefined without one. */
  readonly body: { readonly type?: string; readonly args?: unknown } | undefined;
}

/**
 * What the server does with a request. reset: the connection is broken without an answer · half: the headers and a part of
 * the body, then broken · silence: no answer at all · object: an answer.
 */
export type Scripted =
  | "reset"
  | "half"
  | "silence"
  | {
      readonly status?: number;
      readonly json?: unknown;
      readonly text?: string;
      readonly headers?: Record<string, string>;
    };

export interface ScriptedHasura {
  readonly url: string;
  readonly asked: readonly Asked[];
}

/** An HTTP server that answers what a test says, on a port of its own. It imitates no Hasura: that is the local API's work. */
export async function scriptedHasura(
  t: TestContext,
  script: (asked: Asked) => Scripted | undefined,
  connected?: (socket: Socket) => void,
): Promise<ScriptedHasura> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    void read(request).then((text) => {
      const it: Asked = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: text === "" ? undefined : (JSON.parse(text) as NonNullable<Asked["body"]>),
      };
      asked.push(it);
      answer(
        response,
        script(it) ?? {
          status: 404,
          json: { path: "$", error: "resource does not exist", code: "not-found" },
        },
      );
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    connected?.(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, asked };
}

function answer(response: http.ServerResponse, scripted: Scripted): void {
  if (scripted === "silence") return;
  if (scripted === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  if (scripted === "half") {
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
    response.write('{"result_type":', () => response.socket?.destroy());
    return;
  }
  const { status = 200, json, text, headers = {} } = scripted;
  response.writeHead(status, {
    "content-type": text === undefined ? "application/json" : "text/html",
    ...headers,
  });
  response.end(text ?? JSON.stringify(json));
}

async function read(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
