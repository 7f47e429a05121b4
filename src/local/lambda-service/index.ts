import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { type Answer, bufferedAnswer, noAnswer, streamedAnswer } from "./answer.ts";
import { functionEnvironment } from "./function-environment.ts";
import { FunctionLog } from "./function-log.ts";
import { arnOf, type FunctionReference } from "./function-name.ts";
import { configurationOf, type FunctionState, requireActive } from "./function-state.ts";
import type { Invocation } from "./invocation.ts";
import { type InvokeRequest, readInvokeRequest } from "./invoke-request.ts";
import { type Route, routeOf } from "./route.ts";
import { runtimeClientFile } from "./runtime-file.ts";
import type { Sandbox } from "./sandbox.ts";
import { SandboxPool } from "./sandbox-pool.ts";
import { sendServiceError, ServiceError } from "./service-error.ts";

export interface LambdaServiceOptions {
  /** What Lambda has under /var/task. */
  readonly functionDirectory: string;
  /** `file.export`; default `index.runMigrations`. */
  readonly handler?: string;
  /** The function's settings. */
  readonly env: Readonly<Record<string, string>>;
  /** Of one invocation; default 15 minutes. */
  readonly timeoutMs?: number;
  /** Of the start of a process; default 10 s, as Lambda's. */
  readonly initTimeoutMs?: number;
  /** Limits the JavaScript heap; default 512. Memory outside the heap is not limited here. */
  readonly memoryMb?: number;
  /** Default: any free one. */
  readonly port?: number;
  /** Sandboxes of one function at the same time; default 20. Beyond: TooManyRequestsException. */
  readonly concurrency?: number;
  /** Names that exist; default: any name does. */
  readonly functions?: readonly string[];
  /** What the function is found to be in; default always Active. */
  readonly state?: () => FunctionState;
  /** For requests that are not signed for a region; default us-east-1. */
  readonly region?: string;
  /** The program that isSupportedContract the Runtime API: an entry file of aws-lambda-ric 3.x or 4.x; default our own client. */
  readonly runtime?: string;
  /** Everything the functions write, as it comes. */
  readonly log?: (text: string) => void;
}

export interface LambdaService {
  readonly url: string;
  /** Ends every function process; resolves when they are gone. */
  stop(): Promise<void>;
}

/**
 * Starts a service on 127.0.0.1 that an unmodified AWS SDK and `aws lambda invoke` take for Lambda: Invoke,
 * InvokeWithResponseStream, GetFunction, GetFunctionConfiguration. Signatures are accepted and not checked.
 */
export async function startLambdaService(options: LambdaServiceOptions): Promise<LambdaService> {
  const service = new Service(options);
  const server = createServer(
    { requestTimeout: 0 },
    (request, response) => void service.serve(request, response),
  );
  await new Promise<void>((resolve, reject) =>
    server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(server, service) };
}

async function stop(server: Server, service: Service): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await service.stop();
  server.closeAllConnections();
  await closed;
}

class Service {
  readonly #options: LambdaServiceOptions;
  readonly #described: { handler: string; timeoutMs: number; memoryMb: number };
  readonly #pool: SandboxPool;

  constructor(options: LambdaServiceOptions) {
    const { handler = "index.runMigrations", timeoutMs = 900_000, memoryMb = 512 } = options;
    const runtime = options.runtime ?? runtimeClientFile();
    const { functionDirectory, env, log } = options;
    const settings = { functionDirectory, handler, memoryMb, env, hostEnv: process.env };
    this.#options = options;
    this.#described = { handler, timeoutMs, memoryMb };
    this.#pool = new SandboxPool({
      concurrency: options.concurrency ?? 20,
      timeoutMs,
      initTimeoutMs: options.initTimeoutMs ?? 10_000,
      now: Date.now,
      optionsOf: (name, region) => ({
        node: process.execPath,
        runtime,
        handler,
        directory: functionDirectory,
        memoryMb,
        timeoutMs,
        now: Date.now,
        env: (runtimeApi) => functionEnvironment(settings, name, region, runtimeApi),
        output: (bytes) => log?.(bytes.toString("utf8")),
      }),
    });
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }

  /** Answers one request of a client; never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    response.on("error", () => undefined); // the caller has gone away
    try {
      const route = routeOf(request, this.#options.region ?? "us-east-1");
      this.#requireKnown(route.function);
      if (route.operation === "GetFunction" || route.operation === "GetFunctionConfiguration")
        this.#describe(route, response, requestId);
      else await this.#invoke(route, await readInvokeRequest(request), response, requestId);
    } catch (thrown) {
      const error =
        thrown instanceof ServiceError
          ? thrown
          : new ServiceError("ServiceException", String(thrown));
      if (response.headersSent) response.destroy();
      else sendServiceError(response, error, requestId);
    }
  }

  #requireKnown(reference: FunctionReference): void {
    const { functions } = this.#options;
    if (functions && !functions.includes(reference.name)) {
      throw new ServiceError(
        "ResourceNotFoundException",
        `Function not found: ${arnOf(reference)}`,
      );
    }
  }

  #state(): FunctionState {
    return this.#options.state?.() ?? "Active";
  }

  #describe(route: Route, response: ServerResponse, requestId: string): void {
    const configuration = configurationOf(route.function, {
      ...this.#described,
      state: this.#state(),
    });
    const answer =
      route.operation === "GetFunction"
        ? { Configuration: configuration, Code: { RepositoryType: "S3" }, Tags: {} }
        : configuration;
    response.writeHead(200, { "content-type": "application/json", "x-amzn-requestid": requestId });
    response.end(JSON.stringify(answer));
  }

  async #invoke(
    route: Route,
    request: InvokeRequest,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> {
    requireActive(this.#state());
    if (request.type === "DryRun") {
      empty(response, 204, requestId);
      return;
    }
    const sandbox = await this.#pool.reserve(route.function.name, route.function.region);
    const head = { requestId, version: "$LATEST" };
    if (request.type === "Event") {
      empty(response, 202, requestId);
      return this.#run(sandbox, route.function, request, requestId, noAnswer);
    }
    const answer =
      route.operation === "Invoke"
        ? bufferedAnswer(response, head)
        : streamedAnswer(response, head);
    await this.#run(sandbox, route.function, request, requestId, answer);
  }

  async #run(
    sandbox: Sandbox,
    reference: FunctionReference,
    request: InvokeRequest,
    requestId: string,
    answer: Answer,
  ): Promise<void> {
    const log = new FunctionLog();
    const { payload, clientContext } = request;
    const invocation: Invocation = {
      requestId,
      functionArn: arnOf(reference),
      payload,
      log,
      write: (bytes) => answer.write(bytes),
      ...(clientContext && { clientContext }),
    };
    log.start(requestId, "$LATEST");
    const ran = await this.#pool.run(sandbox, reference.name, reference.region, invocation);
    log.end(requestId, {
      tookMs: ran.tookMs,
      memoryMb: this.#described.memoryMb,
      ...(ran.initMs !== undefined && { initMs: ran.initMs }),
    });
    answer.end(ran.error, request.tail ? log.base64 : undefined);
  }
}

function empty(response: ServerResponse, status: number, requestId: string): void {
  response.writeHead(status, {
    "x-amzn-requestid": requestId,
    "x-amz-executed-version": "$LATEST",
  });
  response.end();
}
