import { type FunctionError, runtimeExited, timedOut } from "./function-error.ts";
import type { Invocation } from "./invocation.ts";
import { Sandbox, type SandboxOptions } from "./sandbox.ts";
import { ServiceError } from "./service-error.ts";

/** Options of a `SandboxPool`. */
export interface PoolOptions {
  /** The maximum number of sandboxes of one function. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly initTimeoutMs: number;
  readonly now: () => number;
  readonly optionsOf: (functionName: string, region: string) => SandboxOptions;
}

/** How an invocation ended; without an error, in success. */
export interface InvocationResult {
  readonly error?: FunctionError;
  readonly tookMs: number;
  /** Present when this invocation started the process. */
  readonly initMs?: number;
}

/** The sandboxes of all functions. Warm ones are reused, and ones that have exited are replaced. */
export class SandboxPool {
  readonly #options: PoolOptions;
  readonly #sandboxes = new Map<string, Set<Sandbox>>();
  #stopped = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Reserves a sandbox for one invocation: a warm or a new one. Waits only for a sandbox that has responded and is about to
   * request its next invocation; not for one that goes on working after its response.
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
      const finishing = [...sandboxes].find((sandbox) => sandbox.state === "finishing");
      if (finishing && (await settledSoon(finishing))) continue;
      if (sandboxes.size < this.#options.concurrency)
        return this.#add(sandboxes, functionName, region);
      else throw tooManyRequests();
    }
  }

  /** Runs an invocation in a reserved sandbox. Resolves when its response is complete. */
  async run(
    sandbox: Sandbox,
    functionName: string,
    region: string,
    invocation: Invocation,
  ): Promise<InvocationResult> {
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

  /** Kills every process; resolves when they have exited. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(
      [...this.#sandboxes.values()].flatMap((set) => [...set].map((sandbox) => sandbox.kill())),
    );
  }

  /** A start that exceeds the init timeout is aborted and repeated once, within the function's own timeout, as on Lambda. */
  async #initialise(
    first: Sandbox,
    functionName: string,
    region: string,
    invocation: Invocation,
  ): Promise<{ sandbox: Sandbox } | { error: FunctionError }> {
    const { initTimeoutMs, timeoutMs } = this.#options;
    const result = await this.#startWithin(first, initTimeoutMs, invocation);
    if (result !== "timeout") return result;
    const retried = this.#add(this.#of(functionName), functionName, region);
    const second = await this.#startWithin(retried, timeoutMs, invocation);
    return second === "timeout" ? { error: timedOut(invocation.requestId, timeoutMs) } : second;
  }

  async #startWithin(
    sandbox: Sandbox,
    limitMs: number,
    invocation: Invocation,
  ): Promise<{ sandbox: Sandbox } | { error: FunctionError } | "timeout"> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<"timeout">((resolve) => {
      timer = setTimeout(() => resolve("timeout"), limitMs);
    });
    const init = await Promise.race([sandbox.start(invocation.log), timeout]);
    clearTimeout(timer);
    if (init !== "timeout" && init.ok) return { sandbox };
    await sandbox.kill();
    if (init === "timeout") return init;
    return {
      error:
        init.error ??
        runtimeExited(
          invocation.requestId,
          init.exit ?? { code: 1, signal: null, outOfMemory: false },
        ),
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

/** The request for the next invocation follows a response within milliseconds. */
const finishingMs = 100;

/** Whether a sandbox has requested its next invocation, or exited, within that time. */
async function settledSoon(sandbox: Sandbox): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), finishingMs);
  });
  const first = await Promise.race([sandbox.settled(), late]);
  clearTimeout(timer);
  return first !== "late";
}

function outcome(error: FunctionError | undefined): { error?: FunctionError } {
  return error === undefined ? {} : { error };
}

function tooManyRequests(): ServiceError {
  return new ServiceError("TooManyRequestsException", "Rate Exceeded.", {
    Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
  });
}
