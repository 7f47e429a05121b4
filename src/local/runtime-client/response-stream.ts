import { Writable } from "node:stream";
import { reportOf } from "./error-report.ts";
import { readResponse, type RuntimeApiClient } from "./runtime-api.ts";

/**
 * The `responseStream` of a streaming handler. The first write, or the end, opens the POST to the Runtime API. Each write is
 * sent at once as a chunk; a later error is sent in the trailers
 * (docs/internals/aws-lambda.md, "The Runtime API").
 */
export class ResponseStream extends Writable {
  /** Resolves when the Runtime API has accepted the whole response. */
  readonly delivered: Promise<unknown>;
  readonly #client: RuntimeApiClient;
  readonly #requestId: string;
  #contentType = "application/octet-stream";
  #post: ReturnType<RuntimeApiClient["open"]> | undefined;
  #settle: { resolve: (value: unknown) => void; reject: (reason: unknown) => void } | undefined;

  constructor(client: RuntimeApiClient, requestId: string) {
    super({ highWaterMark: 64 * 1024 });
    this.#client = client;
    this.#requestId = requestId;
    this.delivered = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.delivered.catch(() => undefined); // awaited after the handler has returned
    this.on("error", (error) => this.#settle?.reject(error));
  }

  setContentType(type: string): void {
    this.#contentType = type;
  }

  /** Ends the response with an error, whatever was written before. */
  fail(thrown: unknown): void {
    const report = reportOf(thrown);
    this.#open().addTrailers({
      "Lambda-Runtime-Function-Error-Type": report.errorType,
      "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(report)).toString("base64"),
    });
    if (this.writableEnded) return;
    this.end();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    if (this.#open().write(chunk)) done();
    else this.#open().once("drain", () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    void readResponse(this.#open()).then(
      (value) => this.#settle?.resolve(value),
      (reason: unknown) => this.#settle?.reject(reason),
    );
    done();
  }

  #open(): ReturnType<RuntimeApiClient["open"]> {
    this.#post ??= this.#client.open("POST", `invocation/${this.#requestId}/response`, {
      "content-type": this.#contentType,
      "lambda-runtime-function-response-mode": "streaming",
      "transfer-encoding": "chunked",
      trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
    });
    return this.#post;
  }
}
