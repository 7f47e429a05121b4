/**
 * Ctrl-C and SIGTERM, counted. The first asks a run that can be cancelled to stop, and ends any other command; the second
 * stops watching the run; the third ends the process at once, whatever is still being cleaned up.
 */
export interface Interrupts {
  /** Aborted by the first signal. */
  readonly first: AbortSignal;
  /** Aborted by the second signal. */
  readonly second: AbortSignal;
}

/** Counts calls of `onSignal`, which the process calls for each signal; the third and later ones call `exit`. */
export function countInterrupts(exit: () => void): Interrupts & { readonly onSignal: () => void } {
  const first = new AbortController();
  const second = new AbortController();
  return {
    first: first.signal,
    second: second.signal,
    onSignal: () => {
      if (!first.signal.aborted) first.abort();
      else if (!second.signal.aborted) second.abort();
      else exit();
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
  return Promise.race([aborted(signal).then(() => undefined), work]);
}
