/**
 * Ctrl-C and SIGTERM, counted. A signal does not stop a function: the first one detaches from it. A run that can be
 * asked to stop will use the first one for that, and the second one to detach: the count is kept here for it.
 */
export interface Interrupts {
  /** Aborted by the first signal. */
  readonly first: AbortSignal;
  /** Aborted by the second signal. */
  readonly second: AbortSignal;
}

/** Counts signals: `onSignal` is what the process calls. */
export function countInterrupts(): Interrupts & { readonly onSignal: () => void } {
  const first = new AbortController();
  const second = new AbortController();
  return {
    first: first.signal,
    second: second.signal,
    onSignal: () => (first.signal.aborted ? second : first).abort(),
  };
}
