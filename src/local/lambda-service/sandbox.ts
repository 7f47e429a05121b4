import { exited, type FunctionError, type ProcessEnd, timedOut } from "./function-error.ts";
import { FunctionProcess, type ProcessOptions } from "./function-process.ts";
import type { Invocation } from "./invocation.ts";
import { RuntimeApi } from "./runtime-api.ts";

export type SandboxOptions = Omit<ProcessOptions, "env" | "output"> & {
  readonly env: (runtimeApi: string) => Record<string, string>;
  readonly output: (bytes: Buffer) => void;
  readonly timeoutMs: number;
  readonly now: () => number;
};

type Init =
  | { readonly ok: true }
  | { readonly ok: false; readonly error?: FunctionError; readonly end?: ProcessEnd };

/**
 * One execution environment: a process, its Runtime API, and what it is doing. It takes one invocation at a time;
 * `finishing` is the moment between an answer and the next request for work.
 */
export class Sandbox {
  state: "starting" | "idle" | "busy" | "finishing" | "dead" = "starting";
  readonly #options: SandboxOptions;
  readonly #ready = deferred<Init>();
  #api: RuntimeApi | undefined;
  #process: FunctionProcess | undefined;
  #ended: Promise<ProcessEnd> = Promise.resolve({ code: 0, signal: null, outOfMemory: false });
  #settled = deferred<"settled">();
  #answer = deferred<FunctionError | undefined>();
  #invocation: Invocation | undefined;
  #verdict: FunctionError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  /** Starts the process. Resolves when it asks for work, reports that it cannot, or has ended. */
  async start(log: Invocation["log"]): Promise<Init> {
    this.#api = await RuntimeApi.listen({
      asksForWork: () => this.#asksForWork(),
      answered: (error) => this.#answered(error),
      initFailed: (error) => this.#ready.resolve({ ok: false, error }),
    });
    if (this.state === "dead")
      this.#api.close(); // stopped before it began
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
      env: this.#options.env(api.address),
      output,
    });
    this.#ended = this.#process.ended;
    void this.#ended.then((end) => this.#hasEnded(end));
  }

  /** Runs one invocation; resolves with the function's error, or with nothing for success. Never rejects. */
  async invoke(invocation: Invocation): Promise<FunctionError | undefined> {
    this.state = "busy";
    this.#invocation = invocation;
    this.#settled = deferred();
    this.#answer = deferred();
    const { timeoutMs, now } = this.#options;
    this.#timer = setTimeout(() => this.#tooLate(invocation, timeoutMs), timeoutMs);
    this.#api?.deliver(invocation, now() + timeoutMs);
    return this.#answer.promise;
  }

  /** Resolves when a sandbox that is `finishing` asks for work, or has ended. */
  async settled(): Promise<void> {
    await this.#settled.promise;
  }

  /** Ends the process; resolves when it is gone. */
  async kill(): Promise<void> {
    this.state = "dead";
    this.#process?.kill();
    await this.#ended;
    this.#hasEnded({ code: null, signal: "SIGKILL", outOfMemory: false });
  }

  #asksForWork(): void {
    clearTimeout(this.#timer);
    this.#invocation = undefined;
    if (this.state !== "dead") this.state = "idle";
    this.#ready.resolve({ ok: true });
    this.#settled.resolve("settled");
  }

  #answered(error: FunctionError | undefined): void {
    if (this.state === "busy") this.state = "finishing";
    // This invocation's own: the next one may have begun when the turns are over.
    const answer = this.#answer;
    // What the function wrote before it answered is in the pipe already: two turns of the event loop read it.
    setImmediate(() => setImmediate(() => answer.resolve(error)));
  }

  /** The end of the process brings the answer, so that its last lines are in the log. */
  #tooLate(invocation: Invocation, timeoutMs: number): void {
    this.state = "dead";
    this.#verdict = timedOut(invocation.requestId, timeoutMs);
    this.#process?.kill();
  }

  #hasEnded(end: ProcessEnd): void {
    clearTimeout(this.#timer);
    this.state = "dead";
    this.#api?.close();
    this.#ready.resolve({ ok: false, end });
    if (this.#invocation)
      this.#answer.resolve(this.#verdict ?? exited(this.#invocation.requestId, end));
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
