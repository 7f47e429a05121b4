import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import { authorize } from "./authorize.ts";
import { findInBuild } from "./build-output.ts";
import { TaskService, TaskServiceError } from "../ecs-service/index.ts";
import { functionEnvironment, taskEnvironment } from "./function-environment.ts";
import { warningLines } from "./warning-lines.ts";
import { FunctionLog } from "./function-log.ts";
import { arnOf, type FunctionReference } from "./function-name.ts";
import { configurationOf, type FunctionState, requireActive } from "./function-state.ts";
import type { Invocation } from "./invocation.ts";
import {
  bufferedResponse,
  discardedResponse,
  type InvocationResponse,
  streamedResponse,
} from "./invocation-response.ts";
import { type InvokeRequest, readInvokeRequest } from "./invoke-request.ts";
import { type Route, routeOf } from "./route.ts";
import type { Sandbox } from "./sandbox.ts";
import { SandboxPool } from "./sandbox-pool.ts";
import { sendServiceError, ServiceError } from "./service-error.ts";
import { isTaggingRequest, listTagged, type TaggedFunction } from "./tagging.ts";

export interface LambdaServiceOptions {
  /** The function's files, on Lambda /var/task. */
  readonly functionDirectory: string;
  /** `file.export`; default `index.runMigrations`. */
  readonly handler?: string;
  /** The function's environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The limit for one invocation; default 15 minutes. */
  readonly timeoutMs?: number;
  /** The limit for the start of a process; default 10 s, as on Lambda. */
  readonly initTimeoutMs?: number;
  /** Limits the JavaScript heap; default 512. Memory outside the heap is not limited here. */
  readonly memoryMb?: number;
  /** Default: any free one. */
  readonly port?: number;
  /** The only access key whose requests are accepted; default: any, and requests without a signature. */
  readonly accessKeyId?: string;
  /** The maximum number of sandboxes of one function, above which it is throttled; default 20. */
  readonly concurrency?: number;
  /** The names of the functions that exist; default: any name. */
  readonly functions?: readonly string[];
  /** Functions that have a tag with the name of their environment; default: none. */
  readonly tagged?: readonly TaggedFunction[];
  /** The function's state; default: Active. */
  readonly state?: () => FunctionState;
  /** For requests without a signature; default us-east-1. */
  readonly region?: string;
  /** The program that calls the Runtime API: an entry file of aws-lambda-ric 3.x or 4.x; default: dist/runtime-client.mjs. */
  readonly runtime?: string;
  /** Whether that program sends the token of its Runtime API, as our own does; default: yes for the default program. */
  readonly runtimeSendsToken?: boolean;
  /** Is given the output of the functions. */
  readonly log?: (text: string) => void;
  /** Receives the lines of the function's log that are warnings. */
  readonly warning?: (line: string) => void;
}

export interface LambdaService {
  readonly url: string;
  /** Kills every function process; resolves when they have exited. */
  stop(): Promise<void>;
}

/**
 * Starts a service on 127.0.0.1 that is compatible with Lambda for an unmodified AWS SDK and `aws lambda invoke`. It supports
 * Invoke, InvokeWithResponseStream, GetFunction and GetFunctionConfiguration, GetResources of the Resource Groups Tagging API, and
 * the calls of ECS that start a task of the same function and follow it. It does not check signatures, but refuses what a
 * page in a browser could send, and another access key than `accessKeyId`.
 * @throws Failure bug/runtime-client-missing when dist/ is incomplete, usage/port-in-use
 */
export async function startLambdaService(options: LambdaServiceOptions): Promise<LambdaService> {
  const service = new Service(options);
  const server = createServer(
    { requestTimeout: 0 },
    (request, response) => void service.serve(request, response),
  );
  await new Promise<void>((resolve, reject) =>
    server
      .once("error", (error) => reject(listenFailure(error, options.port ?? 0)))
      .listen(options.port ?? 0, "127.0.0.1", resolve),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(server, service) };
}

function listenFailure(error: Error, port: number): Error {
  if (errorCode(error) !== "EADDRINUSE") return error;
  return new Failure("usage", "port-in-use", `Port ${port} is in use by another program.`, {
    hints: [textHint("Omit the port to use any free one.")],
    cause: error,
  });
}

async function stop(server: Server, service: Service): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await service.stop();
  server.closeAllConnections();
  await closed;
}

/** Where the output of one process of the function goes. */
function outputOf({ log, warning }: LambdaServiceOptions): (bytes: Buffer) => void {
  const warnings = warning && warningLines(warning);
  return (bytes) => {
    log?.(bytes.toString("utf8"));
    warnings?.(bytes);
  };
}

class Service {
  readonly #options: LambdaServiceOptions;
  readonly #configured: { handler: string; timeoutMs: number; memoryMb: number };
  readonly #pool: SandboxPool;
  readonly #tasks: TaskService;

  constructor(options: LambdaServiceOptions) {
    const { handler = "index.runMigrations", timeoutMs = 900_000, memoryMb = 512 } = options;
    const runtime = options.runtime ?? runtimeClientFile();
    const { functionDirectory, env, log } = options;
    const sendsToken = options.runtimeSendsToken ?? options.runtime === undefined;
    const settings = { functionDirectory, handler, memoryMb, env, hostEnv: process.env };
    this.#options = options;
    this.#configured = { handler, timeoutMs, memoryMb };
    this.#pool = new SandboxPool({
      concurrency: options.concurrency ?? 20,
      timeoutMs,
      initTimeoutMs: options.initTimeoutMs ?? 10_000,
      now: Date.now,
      optionsOf: (name, region) => ({
        output: outputOf(options),
        node: process.execPath,
        runtime,
        handler,
        directory: functionDirectory,
        memoryMb,
        timeoutMs,
        now: Date.now,
        requiresToken: sendsToken,
        env: (runtimeApi) => functionEnvironment(settings, name, region, runtimeApi),
      }),
    });
    this.#tasks = new TaskService({
      ...{ node: process.execPath, functionDirectory, memoryMb, now: Date.now },
      env: (id) => taskEnvironment(settings, id, options.region ?? "us-east-1"),
      log: (text) => log?.(text),
    });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#pool.stop(), this.#tasks.stop()]);
  }

  /** Responds to one request; never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    response.on("error", () => undefined); // the caller has disconnected
    try {
      authorize(request.headers, this.#options.accessKeyId);
      if (isTaggingRequest(request)) {
        await listTagged(request, response, this.#options.tagged ?? [], requestId);
        return;
      }
      const target = request.headers["x-amz-target"];
      if (typeof target === "string") {
        await this.#serveTasks(target, request, response);
        return;
      }
      const route = routeOf(request, this.#options.region ?? "us-east-1");
      this.#requireExisting(route.function);
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

  /** Tasks have APIs of their own, which are told apart by a header. */
  async #serveTasks(
    target: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { payload } = await readInvokeRequest(request);
    try {
      sendJson(response, 200, this.#tasks.call(target, JSON.parse(payload.toString("utf8"))));
    } catch (thrown) {
      if (!(thrown instanceof TaskServiceError)) throw thrown;
      const { name, message, details } = thrown;
      sendJson(response, 400, { __type: name, message, ...details });
    }
  }

  #requireExisting(reference: FunctionReference): void {
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
      ...this.#configured,
      state: this.#state(),
    });
    const body =
      route.operation === "GetFunction"
        ? { Configuration: configuration, Code: { RepositoryType: "S3" }, Tags: {} }
        : configuration;
    response.writeHead(200, { "content-type": "application/json", "x-amzn-requestid": requestId });
    response.end(JSON.stringify(body));
  }

  async #invoke(
    route: Route,
    request: InvokeRequest,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> {
    requireActive(this.#state());
    if (request.type === "DryRun") {
      sendEmpty(response, 204, requestId);
      return;
    }
    const sandbox = await this.#pool.reserve(route.function.name, route.function.region);
    const head = { requestId, version: "$LATEST" };
    if (request.type === "Event") {
      sendEmpty(response, 202, requestId);
      return this.#run(sandbox, route.function, request, requestId, discardedResponse);
    }
    const result =
      route.operation === "Invoke"
        ? bufferedResponse(response, head)
        : streamedResponse(response, head);
    await this.#run(sandbox, route.function, request, requestId, result);
  }

  async #run(
    sandbox: Sandbox,
    reference: FunctionReference,
    request: InvokeRequest,
    requestId: string,
    response: InvocationResponse,
  ): Promise<void> {
    const log = new FunctionLog();
    const { payload, clientContext } = request;
    const invocation: Invocation = {
      requestId,
      functionArn: arnOf(reference),
      payload,
      log,
      write: (bytes) => response.write(bytes),
      ...(clientContext && { clientContext }),
    };
    log.start(requestId, "$LATEST");
    const result = await this.#pool.run(sandbox, reference.name, reference.region, invocation);
    log.end(requestId, {
      tookMs: result.tookMs,
      memoryMb: this.#configured.memoryMb,
      ...(result.initMs !== undefined && { initMs: result.initMs }),
    });
    response.end(result.error, request.tail ? log.base64 : undefined);
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
  response.end(JSON.stringify(body));
}

function sendEmpty(response: ServerResponse, status: number, requestId: string): void {
  response.writeHead(status, {
    "x-amzn-requestid": requestId,
    "x-amz-executed-version": "$LATEST",
  });
  response.end();
}

/** The built client of the Runtime API. */
function runtimeClientFile(): string {
  const file = findInBuild("runtime-client.mjs");
  if (file !== undefined) return file;
  throw new Failure(
    "bug",
    "runtime-client-missing",
    "The local Lambda service lacks its runtime client, dist/runtime-client.mjs.",
    { hints: [commandHint(["npm", "run", "build"], "in a checkout of hasura-migrate, build it")] },
  );
}
