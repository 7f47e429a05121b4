import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { browserRequest, sameSecret } from "../request-guard.ts";
import { type FunctionError, reportedError, responseTooLarge } from "./function-error.ts";
import type { Invocation } from "./invocation.ts";
import { maxPayloadBytes } from "./invoke-request.ts";

const base = "/2018-06-01/runtime";
const maxStreamBytes = 200 * 1024 * 1024;
const errorBodyTrailer = "lambda-runtime-function-error-body";

/** Is notified of the requests of the runtime in a function's process. */
export interface RuntimeListener {
  /** It requests the next invocation; its initialisation, or the previous invocation, is over. */
  nextRequested(): void;
  /** It responded to the current invocation; `error` is absent for success. */
  responded(error?: FunctionError): void;
  initFailed(error: FunctionError): void;
}

/**
 * Lambda's Runtime API for one process, on its own port, which identifies the process. Supports versions 3 and 4 of
 * aws-lambda-ric and src/local/runtime-client (docs/internals/aws-lambda.md, "The Runtime
 * API"). It answers only the process that was given its token, except where the runtime cannot send one.
 */
export class RuntimeApi {
  readonly address: string;
  /** What the runtime sends in the header `x-runtime-token`. */
  readonly token = randomBytes(24).toString("base64url");
  readonly #requiresToken: boolean;
  readonly #server: Server;
  readonly #listener: RuntimeListener;
  #waiting: ServerResponse | undefined;
  #current: Invocation | undefined;

  private constructor(server: Server, listener: RuntimeListener, requiresToken: boolean) {
    this.#server = server;
    this.#requiresToken = requiresToken;
    this.#listener = listener;
    // a TCP server that is listening has such an address
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async listen(
    listener: RuntimeListener,
    { requiresToken }: { readonly requiresToken: boolean },
  ): Promise<RuntimeApi> {
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 });
    await new Promise<void>((resolve, reject) =>
      server.once("error", reject).listen(0, "127.0.0.1", resolve),
    );
    return new RuntimeApi(server, listener, requiresToken);
  }

  /**
   * Sends an invocation to the runtime, which must be waiting for one.
   * @param deadline epoch milliseconds
   */
  deliver(invocation: Invocation, deadline: number): void {
    const response = this.#waiting;
    this.#waiting = undefined;
    this.#current = invocation;
    const context = invocation.clientContext;
    response?.writeHead(200, {
      "content-type": "application/json", // aws-lambda-ric crashes without it
      "lambda-runtime-aws-request-id": invocation.requestId,
      "lambda-runtime-deadline-ms": String(deadline),
      "lambda-runtime-invoked-function-arn": invocation.functionArn,
      "lambda-runtime-trace-id": traceId(deadline),
      ...(context && { "lambda-runtime-client-context": toAscii(context) }),
    });
    response?.end(invocation.payload.length > 0 ? invocation.payload : "{}");
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#isOurs(request)) {
      refuse(
        response,
        403,
        "Forbidden",
        "Only the function's own process may call its Runtime API",
      );
      return;
    }
    await this.#route(request, response);
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ""] = (request.url ?? "").split("?");
    if (request.method === "GET" && path === `${base}/invocation/next`) {
      this.#next(response);
      return;
    }
    try {
      if (request.method === "POST" && path === `${base}/init/error`)
        await this.#initError(request, response);
      else if (request.method === "POST" && path === this.#pathOf("response"))
        await this.#response(request, response);
      else if (request.method === "POST" && path === this.#pathOf("error"))
        await this.#error(request, response);
      else
        refuse(
          response,
          400,
          "InvalidRequestID",
          "The request ID is not that of the current invocation",
        );
    } catch {
      // The request was cut off. The process is exiting, and its exit becomes the response; otherwise `#next` detects it.
      response.destroy();
    }
  }

  #isOurs({ headers }: IncomingMessage): boolean {
    if (browserRequest(headers) !== undefined) return false;
    const token = headers["x-runtime-token"];
    return !this.#requiresToken || (typeof token === "string" && sameSecret(token, this.token));
  }

  #pathOf(kind: "response" | "error"): string | undefined {
    return this.#current && `${base}/invocation/${this.#current.requestId}/${kind}`;
  }

  #next(response: ServerResponse): void {
    this.#finish({
      type: "Runtime.TruncatedResponse",
      body: JSON.stringify({
        errorType: "Runtime.TruncatedResponse",
        errorMessage: "The runtime requested the next invocation before it had responded",
      }),
    });
    this.#waiting = response;
    this.#listener.nextRequested();
  }

  async #initError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    accept(response);
    this.#listener.initFailed(reportedError(body));
  }

  async #error(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    accept(response);
    this.#finish(reportedError(body));
  }

  async #response(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const streaming = request.headers["lambda-runtime-function-response-mode"] === "streaming";
    const fits = streaming ? await this.#streamBody(request) : await this.#collectBody(request);
    if (!fits) {
      refuse(response, 413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size");
      this.#finish(responseTooLarge(streaming ? maxStreamBytes : maxPayloadBytes));
      return;
    }
    accept(response);
    const trailer = request.trailers[errorBodyTrailer];
    this.#finish(
      trailer === undefined
        ? undefined
        : reportedError(Buffer.from(trailer, "base64").toString("utf8")),
    );
  }

  /** Forwards every chunk at once. Returns false when the body exceeds the limit. */
  async #streamBody(request: IncomingMessage): Promise<boolean> {
    const invocation = this.#current;
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= maxStreamBytes) await invocation?.write(chunk);
    }
    return size <= maxStreamBytes;
  }

  /** Forwards the whole body. Returns false when it exceeds the limit. */
  async #collectBody(request: IncomingMessage): Promise<boolean> {
    const invocation = this.#current;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= maxPayloadBytes) chunks.push(chunk);
    }
    if (size > maxPayloadBytes) return false;
    await invocation?.write(Buffer.concat(chunks));
    return true;
  }

  /** Only the first call for an invocation counts: aws-lambda-ric 3.x posts an error while its stream is still open. */
  #finish(error: FunctionError | undefined): void {
    if (this.#current === undefined) return;
    this.#current = undefined;
    this.#listener.responded(error);
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function accept(response: ServerResponse): void {
  response.writeHead(202, { "content-type": "application/json" });
  response.end('{"status":"OK"}\n');
}

function refuse(
  response: ServerResponse,
  status: number,
  errorType: string,
  errorMessage: string,
): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errorMessage, errorType }));
}

/** Escapes JSON so that it can be sent in a header, which must not contain other characters. */
function toAscii(json: string): string {
  return json
    .replace(/[\r\n]/g, " ")
    .replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function traceId(epochMs: number): string {
  const seconds = Math.floor(epochMs / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString("hex")};Parent=${randomBytes(8).toString("hex")};Sampled=0`;
}
