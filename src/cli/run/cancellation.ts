import { setMaxListeners } from "node:events";
import { serves, type RunState } from "./run-state.ts";

/**
 * The signals that ask this process to end. interrupt: Ctrl-C · terminate: SIGTERM; CI systems and containers soon send SIGKILL ·
 * hangup: SIGHUP, the terminal was closed.
 */
export type EndSignal = "interrupt" | "terminate" | "hangup";

/** The signals that asked this process to end. */
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
export function createInterrupts(
  exit: () => void,
  exitSoon: () => void = () => undefined,
): Interrupts & { readonly onSignal: (signal: EndSignal) => void } {
  const first = new AbortController();
  // Each environment of a command listens to it.
  setMaxListeners(0, first.signal);
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

/**
 * How far stopping the run has got:
 * running: not asked for · stop-pending: the request is sent once the run has started · stop-requested: sent, not confirmed ·
 * stop-accepted: confirmed by the function · stop-failed: the request failed · detached: the run is no longer watched.
 */
export type StopState =
  "running" | "stop-pending" | "stop-requested" | "stop-accepted" | "stop-failed" | "detached";

/** What the driver has to do: send the cancel request, or stop watching the run. */
export type StopEffect = "cancel" | "detach";

export interface StopTransition {
  readonly state: StopState;
  readonly effect?: StopEffect;
  /** Stop watching the run within seconds, however far the stop request has got by then. */
  readonly leaveSoon?: true;
}

/** What a signal means for a run. */
export function onSignal(signal: EndSignal, state: StopState, run: RunState): StopTransition {
  switch (signal) {
    case "interrupt":
      return onInterrupt(state, run);
    case "terminate":
      return onTerminate(state, run);
    case "hangup":
      return detach(state);
  }
}

/**
 * The first Ctrl-C asks the run to stop, where that is possible, and keeps watching; otherwise, and for any later one, it stops
 * watching. (The third never gets here: it ends the process, see `leavesAtOnce`.)
 */
export function onInterrupt(state: StopState, run: RunState): StopTransition {
  return state === "running" ? askToStop(run) : detach(state);
}

/** SIGTERM asks the run to stop, where that is possible and not done yet, and the CLI exits soon afterwards either way. */
function onTerminate(state: StopState, run: RunState): StopTransition {
  if (state === "detached") return { state };
  const transition = state === "running" ? askToStop(run) : { state };
  return transition.state === "detached" ? transition : { ...transition, leaveSoon: true };
}

function askToStop(run: RunState): StopTransition {
  const { operation, environment } = run.request;
  const isStoppable = run.changes || operation === "rehearse";
  const cancellable = isStoppable && environment !== "local";
  if (!cancellable) return detach("running");
  if (!run.started) return { state: "stop-pending" };
  if (!serves(run, "cancel")) return detach("running");
  return { state: "stop-requested", effect: "cancel" };
}

function detach(state: StopState): StopTransition {
  return state === "detached" ? { state } : { state: "detached", effect: "detach" };
}

/** A stop that was asked for before the run started takes effect when it does. */
export function onStarted(state: StopState, run: RunState): StopTransition {
  return state === "stop-pending" ? onInterrupt("running", run) : { state };
}

/** The result of the cancel request; it no longer matters once the run is not watched. */
export function onCancelResult(state: StopState, accepted: boolean): StopTransition {
  if (state !== "stop-requested") return { state };
  return { state: accepted ? "stop-accepted" : "stop-failed" };
}
