/**
 * What asks this process to end. interrupt: Ctrl-C · terminate: SIGTERM, after which CI systems and containers kill soon ·
 * hangup: SIGHUP, the terminal is gone.
 */
export type EndSignal = "interrupt" | "terminate" | "hangup";

/** The signals that asked this process to end. What each means for a run is in cancellation.ts. */
export interface Interrupts {
  /** Aborted by the first signal of any kind: ends everything that is not a run. */
  readonly first: AbortSignal;
  /** Calls `listener` for every signal, those before the call included, until the returned function is called. */
  readonly listen: (listener: (signal: EndSignal) => void) => () => void;
}

/** True if the last of these signals ends the process at once: the third of any kind, or the second SIGTERM. */
export function leavesAtOnce(received: readonly EndSignal[]): boolean {
  return received.length >= 3 || received.filter((signal) => signal === "terminate").length >= 2;
}

/**
 * Passes on signals, each of which the process reports to `onSignal`. `exit` ends the process at once, whatever is still being
 * cleaned up; `exitSoon` does so after the few seconds that SIGTERM leaves.
 */
export function countInterrupts(
  exit: () => void,
  exitSoon: () => void = () => undefined,
): Interrupts & { readonly onSignal: (signal: EndSignal) => void } {
  const first = new AbortController();
  const received: EndSignal[] = [];
  const listeners = new Set<(signal: EndSignal) => void>();
  return {
    first: first.signal,
    listen: (listener) => {
      for (const signal of received) listener(signal);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onSignal: (signal) => {
      received.push(signal);
      if (leavesAtOnce(received)) {
        exit();
        return;
      }
      if (signal === "terminate") exitSoon();
      first.abort();
      for (const listener of [...listeners]) listener(signal);
    },
  };
}

/** Resolves once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}

/** The result of `work`, or undefined if the signal is aborted first; `work` then continues unobserved. */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const settled = new AbortController();
  const stopped = new Promise<undefined>((resolve) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true, signal: settled.signal });
  });
  try {
    return await Promise.race([stopped, work]);
  } finally {
    settled.abort();
  }
}
