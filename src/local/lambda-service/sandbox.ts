import { type FunctionError, type ProcessExit, runtimeExited, timedOut } from "./function-error.ts";
import { FunctionProcess, type ProcessOptions } from "./function-process.ts";
import type { Invocation } from "./invocation.ts";
import { RuntimeApi, type RuntimeListener } from "./runtime-api.ts";

/** Options of a `Sandbox`; `env` is given the address of its Runtime API and the token that the runtime sends. */
export type SandboxOptions = Omit<ProcessOptions, "env" | "output"> & {
  readonly env: (runtimeApi: RuntimeApi) => Record<string, string>;
  /** Whether the Runtime API refuses requests without its token. */
  readonly requiresToken: boolean;
  readonly output: (bytes: Buffer) => void;
  readonly timeoutMs: number;
  readonly now: () => number;
};

type InitResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error?: FunctionError; readonly exit?: ProcessExit };

/**
 * One execution environment: a process, its Runtime API and its state. It handles one invocation at a time; it is
 * `finishing` between a response and the request for the next invocation.
 */
export class Sandbox {
  state: "starting" | "idle" | "busy" | "finishing" | "dead" = "starting";
  readonly #options: SandboxOptions;
  readonly #ready = deferred<InitResult>();
  #api: RuntimeApi | undefined;
  #process: FunctionProcess | undefined;
  #exited: Promise<ProcessExit> = Promise.resolve({ code: 0, signal: null, outOfMemory: false });
  #settled = deferred<"settled">();
  #response = deferred<FunctionError | undefined>();
  #invocation: Invocation | undefined;
  #timeoutError: FunctionError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  /** Starts the process. Resolves when it requests an invocation, reports a failed initialisation, or has exited. */
  async start(log: Invocation["log"]): Promise<InitResult> {
    const listener: RuntimeListener = {
      nextRequested: () => this.#onNextRequested(),
      responded: (error) => this.#onResponse(error),
      initFailed: (error) => this.#ready.resolve({ ok: false, error }),
    };
    const { requiresToken } = this.#options;
    this.#api = await RuntimeApi.listen(listener, { requiresToken });
    if (this.state === "dead")
      this.#api.close(); // killed before it was started
    else this.#spawn(this.#api, log);
    return this.#ready.promise;
  }

  #spawn(api: RuntimeApi, log: Invocation["log"]): void {
    const output = (bytes: Buffer): void => {
      (this.#invocation?.log ?? log).write(bytes);
      this.#options.output(bytes);
    };
    this.#process = new FunctionProcess({
      ...this.#options,
      env: this.#options.env(api),
      output,
    });
    this.#exited = this.#process.exited;
    void this.#exited.then((exit) => this.#onExit(exit));
  }

  /** Runs one invocation. Resolves with the function's error, or undefined for success; never rejects. */
  async invoke(invocation: Invocation): Promise<FunctionError | undefined> {
    this.state = "busy";
    this.#invocation = invocation;
    this.#settled = deferred();
    this.#response = deferred();
    const { timeoutMs, now } = this.#options;
    this.#timer = setTimeout(() => this.#onTimeout(invocation, timeoutMs), timeoutMs);
    this.#api?.deliver(invocation, now() + timeoutMs);
    return this.#response.promise;
  }

  /** Resolves when a `finishing` sandbox requests its next invocation, or has exited. */
  async settled(): Promise<void> {
    await this.#settled.promise;
  }

  /** Kills the process; resolves when it has exited. */
  async kill(): Promise<void> {
    this.state = "dead";
    this.#process?.kill();
    await this.#exited;
    this.#onExit({ code: null, signal: "SIGKILL", outOfMemory: false });
  }

  #onNextRequested(): void {
    clearTimeout(this.#timer);
    this.#invocation = undefined;
    if (this.state !== "dead") this.state = "idle";
    this.#ready.resolve({ ok: true });
    this.#settled.resolve("settled");
  }

  #onResponse(error: FunctionError | undefined): void {
    if (this.state === "busy") this.state = "finishing";
    // Kept in a variable: the next invocation may have begun when the callback runs.
    const response = this.#response;
    // The output that the function wrote before its response is in the pipe: two turns of the event loop read it.
    setImmediate(() => setImmediate(() => response.resolve(error)));
  }

  /** Only the exit of the process resolves the response, so that its last output is in the log. */
  #onTimeout(invocation: Invocation, timeoutMs: number): void {
    this.state = "dead";
    this.#timeoutError = timedOut(invocation.requestId, timeoutMs);
    this.#process?.kill();
  }

  #onExit(exit: ProcessExit): void {
    clearTimeout(this.#timer);
    this.state = "dead";
    this.#api?.close();
    this.#ready.resolve({ ok: false, exit });
    if (this.#invocation)
      this.#response.resolve(this.#timeoutError ?? runtimeExited(this.#invocation.requestId, exit));
    this.#settled.resolve("settled");
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
