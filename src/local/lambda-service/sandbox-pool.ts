import { exited, type FunctionError, timedOut } from "./function-error.ts";
import type { Invocation } from "./invocation.ts";
import { Sandbox, type SandboxOptions } from "./sandbox.ts";
import { ServiceError } from "./service-error.ts";

export interface PoolOptions {
  /** Sandboxes of one function at the same time. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly initTimeoutMs: number;
  readonly now: () => number;
  readonly optionsOf: (functionName: string, region: string) => SandboxOptions;
}

export interface Ran {
  readonly error?: FunctionError;
  readonly tookMs: number;
  /** Present where this invocation started the process. */
  readonly initMs?: number;
}

/** The sandboxes of every function: a warm one is used again, one that has ended is replaced. */
export class SandboxPool {
  readonly #options: PoolOptions;
  readonly #sandboxes = new Map<string, Set<Sandbox>>();
  #stopped = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Takes a place for one invocation: a warm sandbox, or room for a new one. It waits only for a sandbox that has
   * answered and is about to ask for work.
   * @throws ServiceError TooManyRequestsException
   */
  async reserve(functionName: string, region: string): Promise<Sandbox> {
    const sandboxes = this.#of(functionName);
    for (;;) {
      for (const sandbox of sandboxes) if (sandbox.state === "dead") sandboxes.delete(sandbox);
      const warm = [...sandboxes].find((sandbox) => sandbox.state === "idle");
      if (warm) {
        warm.state = "busy";
        return warm;
      }
      const soon = [...sandboxes].find((sandbox) => sandbox.state === "finishing");
      if (soon) await soon.settled();
      else if (sandboxes.size < this.#options.concurrency)
        return this.#add(sandboxes, functionName, region);
      else throw tooMany();
    }
  }

  /** Runs an invocation in a reserved sandbox. Resolves when its answer is complete. */
  async run(
    sandbox: Sandbox,
    functionName: string,
    region: string,
    invocation: Invocation,
  ): Promise<Ran> {
    const { now } = this.#options;
    const startedAt = now();
    if (sandbox.state !== "starting")
      return { ...outcome(await sandbox.invoke(invocation)), tookMs: now() - startedAt };
    const ready = await this.#initialise(sandbox, functionName, region, invocation);
    const initMs = now() - startedAt;
    if ("error" in ready) return { ...ready, tookMs: 0, initMs };
    const invokedAt = now();
    return {
      ...outcome(await ready.sandbox.invoke(invocation)),
      tookMs: now() - invokedAt,
      initMs,
    };
  }

  /** Ends every process; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(
      [...this.#sandboxes.values()].flatMap((set) => [...set].map((sandbox) => sandbox.kill())),
    );
  }

  /** A start that takes longer than 10 s is broken off and tried once more within the function's own time, as Lambda does. */
  async #initialise(
    first: Sandbox,
    functionName: string,
    region: string,
    invocation: Invocation,
  ): Promise<{ sandbox: Sandbox } | { error: FunctionError }> {
    const { initTimeoutMs, timeoutMs } = this.#options;
    const once = await this.#startWithin(first, initTimeoutMs, invocation);
    if (once !== "too late") return once;
    const again = this.#add(this.#of(functionName), functionName, region);
    const second = await this.#startWithin(again, timeoutMs, invocation);
    return second === "too late" ? { error: timedOut(invocation.requestId, timeoutMs) } : second;
  }

  async #startWithin(
    sandbox: Sandbox,
    limitMs: number,
    invocation: Invocation,
  ): Promise<{ sandbox: Sandbox } | { error: FunctionError } | "too late"> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"too late">((resolve) => {
      timer = setTimeout(() => resolve("too late"), limitMs);
    });
    const init = await Promise.race([sandbox.start(invocation.log), late]);
    clearTimeout(timer);
    if (init !== "too late" && init.ok) return { sandbox };
    await sandbox.kill();
    if (init === "too late") return init;
    return {
      error:
        init.error ??
        exited(invocation.requestId, init.end ?? { code: 1, signal: null, outOfMemory: false }),
    };
  }

  #add(sandboxes: Set<Sandbox>, functionName: string, region: string): Sandbox {
    if (this.#stopped)
      throw new ServiceError("ServiceException", "The local Lambda service is stopping");
    const sandbox = new Sandbox(this.#options.optionsOf(functionName, region));
    sandboxes.add(sandbox);
    return sandbox;
  }

  #of(functionName: string): Set<Sandbox> {
    const known = this.#sandboxes.get(functionName) ?? new Set<Sandbox>();
    this.#sandboxes.set(functionName, known);
    return known;
  }
}

function outcome(error: FunctionError | undefined): { error?: FunctionError } {
  return error === undefined ? {} : { error };
}

function tooMany(): ServiceError {
  return new ServiceError("TooManyRequestsException", "Rate Exceeded.", {
    Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
  });
}
