/**
 * Ctrl-C and SIGTERM, counted. A signal does not stop a function: of a run that can be asked to stop the first one asks for that
 * and the second one stops watching; of any other the first one does.
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
