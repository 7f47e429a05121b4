/** Milliseconds to wait after a failed attempt; `attempt` counts from 1. */
export type Backoff = (attempt: number) => number;

/**
 * Delays that double from `firstMs` up to `longestMs`. With `random` (a number from 0 up to 1) each
 * is spread over half to one and a half times that, so that clients that failed together do not
 * come back together.
 */
export function exponentialBackoff(options: {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly random?: () => number;
}): Backoff {
  const { firstMs, longestMs, random } = options;
  return (attempt) => {
    const delay = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
    return random === undefined ? delay : delay * (0.5 + random());
  };
}

/**
 * Delays from a list; the last one repeats. With `random` each is spread as in
 * `exponentialBackoff`.
 */
export function listedBackoff(
  delaysMs: readonly [number, ...number[]],
  random?: () => number,
): Backoff {
  return (attempt) => {
    const delay = delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? delaysMs[0];
    return random === undefined ? delay : delay * (0.5 + random());
  };
}

export interface RetryPolicy {
  readonly backoff: Backoff;
  /**
   * True where another attempt may succeed; `attempt` is how many have failed. Bounds on attempts
   * and time belong here.
   */
  readonly shouldRetry: (error: unknown, attempt: number) => boolean;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Ends the wait early: `sleep` then rejects, and that error is thrown. */
  readonly signal?: AbortSignal;
  /** Runs before each wait. */
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void | Promise<void>;
}

/** Runs `operation` until it succeeds or its error should not be retried; throws that error. */
export async function retry<T>(
  operation: (attempt: number) => Promise<T>,
  policy: RetryPolicy,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation(attempt);
    } catch (error) {
      if (!policy.shouldRetry(error, attempt)) throw error;
      const delayMs = policy.backoff(attempt);
      await policy.onRetry?.(error, attempt, delayMs);
      await policy.sleep(delayMs, policy.signal);
    }
  }
}

/** The result of one attempt: an answer, or nothing yet. */
export type Poll<T> = { readonly done: true; readonly value: T } | { readonly done: false };

/**
 * Polls, with a wait in between, until there is an answer. Throws what `look` or
 * `sleep` throws.
 */
export async function poll<T>(
  look: (attempt: number) => Promise<Poll<T>>,
  options: Pick<RetryPolicy, "backoff" | "sleep" | "signal">,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await look(attempt);
    if (found.done) return found.value;
    await options.sleep(options.backoff(attempt), options.signal);
  }
}
