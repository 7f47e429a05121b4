import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerTooLarge, type FunctionError, reportedError } from "./function-error.ts";
import type { Invocation } from "./invocation.ts";
import { largestPayloadBytes } from "./invoke-request.ts";

const base = "/2018-06-01/runtime";
const largestStreamBytes = 200 * 1024 * 1024;
const errorBodyTrailer = "lambda-runtime-function-error-body";

/** What the runtime in a function's process did. */
export interface RuntimeListener {
  /** It asks for work: the first time its initialisation is over, later the invocation before. */
  asksForWork(): void;
  /** It answered the invocation in hand; `error` absent for success. */
  answered(error?: FunctionError): void;
  initFailed(error: FunctionError): void;
}

/**
 * The Runtime API towards one process, on a port of its own: the port tells which process asks. It takes what both lines
 * of aws-lambda-ric and our own runtime client send (docs/internals/aws-lambda.md, "The Runtime
 * API").
 */
export class RuntimeApi {
  readonly address: string;
  readonly #server: Server;
  readonly #listener: RuntimeListener;
  #waiting: ServerResponse | undefined;
  #current: Invocation | undefined;

  private constructor(server: Server, listener: RuntimeListener) {
    this.#server = server;
    this.#listener = listener;
    // `listen` has called back: a TCP server has such an address
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async listen(listener: RuntimeListener): Promise<RuntimeApi> {
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 });
    await new Promise<void>((resolve, reject) =>
      server.once("error", reject).listen(0, "127.0.0.1", resolve),
    );
    return new RuntimeApi(server, listener);
  }

  /** Hands out an invocation to the runtime, which must be waiting for one. */
  deliver(invocation: Invocation, deadline: number): void {
    const response = this.#waiting;
    this.#waiting = undefined;
    this.#current = invocation;
    const context = invocation.clientContext;
    response?.writeHead(200, {
      "content-type": "application/json", // without it both lines of aws-lambda-ric crash
      "lambda-runtime-aws-request-id": invocation.requestId,
      "lambda-runtime-deadline-ms": String(deadline),
      "lambda-runtime-invoked-function-arn": invocation.functionArn,
      "lambda-runtime-trace-id": traceId(deadline),
      ...(context && { "lambda-runtime-client-context": inAscii(context) }),
    });
    response?.end(invocation.payload.length > 0 ? invocation.payload : "{}");
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
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
      else refuse(response, 400, "InvalidRequestID", "The request ID is not the one in hand");
    } catch {
      // The post broke off. Its process is ending, and how it ends becomes the answer; if it goes on, `next` notices.
      response.destroy();
    }
  }

  #pathOf(kind: "response" | "error"): string | undefined {
    return this.#current && `${base}/invocation/${this.#current.requestId}/${kind}`;
  }

  #next(response: ServerResponse): void {
    this.#finish({
      type: "Runtime.TruncatedResponse",
      body: JSON.stringify({
        errorType: "Runtime.TruncatedResponse",
        errorMessage: "The runtime asked for work before it had answered",
      }),
    });
    this.#waiting = response;
    this.#listener.asksForWork();
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
    const fits = streaming ? await this.#pass(request) : await this.#collect(request);
    if (!fits) {
      refuse(response, 413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size");
      this.#finish(answerTooLarge(streaming ? largestStreamBytes : largestPayloadBytes));
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

  /** Piece by piece; false when it is more than a stream may hold. */
  async #pass(request: IncomingMessage): Promise<boolean> {
    const invocation = this.#current;
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= largestStreamBytes) await invocation?.write(chunk);
    }
    return size <= largestStreamBytes;
  }

  async #collect(request: IncomingMessage): Promise<boolean> {
    const invocation = this.#current;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= largestPayloadBytes) chunks.push(chunk);
    }
    if (size > largestPayloadBytes) return false;
    await invocation?.write(Buffer.concat(chunks));
    return true;
  }

  /** Once an invocation: aws-lambda-ric 3.x posts an error beside a stream that is still open. */
  #finish(error: FunctionError | undefined): void {
    if (this.#current === undefined) return;
    this.#current = undefined;
    this.#listener.answered(error);
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

/** A header holds bytes below 256 only; JSON can say everything in ASCII. */
function inAscii(json: string): string {
  return json
    .replace(/[\r\n]/g, " ")
    .replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function traceId(epochMs: number): string {
  const seconds = Math.floor(epochMs / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString("hex")};Parent=${randomBytes(8).toString("hex")};Sampled=0`;
}
