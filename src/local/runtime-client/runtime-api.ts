import {
  Agent,
  type ClientRequest,
  request,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** One invocation, as the Runtime API sends it. */
export interface RuntimeInvocation {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly functionArn: string;
  /** JSON text. */
  readonly clientContext?: string;
  readonly event: string;
}

/**
 * A client of Lambda's Runtime API (docs/internals/aws-lambda.md, "The Runtime API"). Every method
 * rejects when the API is gone.
 */
export class RuntimeApiClient {
  readonly #base: { host: string; port: string };
  readonly #token: string;

  /**
   * @param address `host:port`, the value of AWS_LAMBDA_RUNTIME_API
   * @param token shows the API that this is the process it was made for
   */
  constructor(address: string, token: string) {
    this.#token = token;
    const [host = "127.0.0.1", port = "80"] = address.split(":");
    this.#base = { host, port };
  }

  /** Waits for the next invocation, without a time limit. */
  async next(): Promise<RuntimeInvocation> {
    const response = await readResponse(this.open("GET", "invocation/next", {}));
    const { headers, body, status } = response;
    if (status !== 200) throw new Error(`the Runtime API responded with status ${status}`);
    const context = headers["lambda-runtime-client-context"];
    return {
      requestId: String(headers["lambda-runtime-aws-request-id"]),
      deadlineMs: Number(headers["lambda-runtime-deadline-ms"]),
      functionArn: String(headers["lambda-runtime-invoked-function-arn"]),
      event: body,
      ...(typeof context === "string" && { clientContext: context }),
    };
  }

  /** Sends a JSON document, and resolves when it has been accepted or refused. */
  async post(path: string, body: string, headers: OutgoingHttpHeaders = {}): Promise<void> {
    const length = Buffer.byteLength(body);
    const outgoing = this.open("POST", path, {
      "content-type": "application/json",
      "content-length": length,
      ...headers,
    });
    await readResponse(outgoing, body);
  }

  /** Opens a request below /2018-06-01/runtime; the caller writes its body and ends it. */
  open(method: string, path: string, headers: OutgoingHttpHeaders): ClientRequest {
    return request({
      ...{ ...this.#base, agent, method },
      path: `/2018-06-01/runtime/${path}`,
      headers: { ...headers, "x-runtime-token": this.#token },
    });
  }
}

/** Ends a request and reads its response. */
export function readResponse(
  outgoing: ClientRequest,
  body?: string,
): Promise<{ status: number; headers: IncomingMessage["headers"]; body: string }> {
  return new Promise((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    outgoing.end(body);
  });
}
