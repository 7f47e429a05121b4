import {
  endsInvocation,
  type ClosingEvent,
  type InvocationEnd,
  type RunEvent,
} from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import { decodeEvents, type UnknownEvent } from "../../protocol/ndjson.ts";
import { requestAbout, type Request } from "../../protocol/request.ts";
import { poll } from "../../retry.ts";
import { type Connection } from "../connection/connection.ts";
import type { CliContext } from "../context.ts";
import type { StopProgress } from "../output/renderer.ts";
import {
  detachedFailure,
  rehearsalCancelled,
  stopAcceptedMessage,
  stopPendingMessage,
  stopRequestedMessage,
} from "./cancel-messages.ts";
import {
  onCancelResult,
  onSignal,
  onStarted,
  type EndSignal,
  type Interrupts,
  type StopState,
  type StopTransition,
} from "./cancellation.ts";
import { continuedRequest } from "./continued-request.ts";
import { bufferedRequest } from "./buffered-request.ts";
import { expectEvent, nothingReported } from "./expected-events.ts";
import { queryBackoff, queryFunction } from "./query.ts";
import { recoverOutcome } from "./recover-outcome.ts";
import {
  checkContract,
  invocationFailure,
  isRecoverable,
  isRunElsewhere,
  runElsewhere,
  unknownOutcome,
} from "./run-failures.ts";
import { newRun, reduceRun, withEarlierParts, type RunState } from "./run-state.ts";
import { unlessAborted } from "./until-aborted.ts";

export interface FollowOptions {
  readonly connection: Connection;
  readonly request: Request;
  /** Starts the run somewhere other than in the function, which is then only asked about it. */
  readonly startRun?: StartRun | undefined;
  /** True if the request may change something, so that an unknown outcome matters. */
  readonly changes: boolean;
  /** Receives every event, the closing one included. */
  readonly onEvent: (event: RunEvent | UnknownEvent) => void;
  readonly notice: (line: string) => void;
  /** Shows how far stopping the run has got. */
  readonly stopping: (stop: StopProgress) => void;
  /** Shows what the run is waiting for. */
  readonly waiting: (text: string) => void;
  readonly interrupts: Interrupts;
  readonly now: CliContext["now"];
  readonly sleep: CliContext["sleep"];
  readonly every: CliContext["every"];
  /** Resolves when the output has been read, so that a slow reader slows down the events; undefined if nothing is left to read. */
  readonly drained: () => Promise<void> | undefined;
}

/** How a run ended, and what is known about it. */
export interface FollowedRun {
  readonly closing: ClosingEvent;
  readonly run: RunState;
}

/** One part of a run, for what starts it. */
export interface RunPart {
  readonly request: Request;
  /** What is known about the run so far. */
  readonly run: RunState;
  /** How often it was started, this time included, and when. */
  readonly sent: { readonly times: number; readonly lastAt: number };
  readonly signal: AbortSignal;
}

/** Starts a part of a run, and reports what happens as the events that the function would send. */
export type StartRun = (part: RunPart) => AsyncIterable<RunEvent | UnknownEvent>;

/**
 * Follows one run to its closing event; a paused run is continued under the same run id. A request whose outcome is in doubt
 * is never sent again: if the function keeps a ledger, its outcome is looked up there, which can be a pause. Throws a `Failure`:
 * `unreachable/outcome-unknown` if the end did not arrive and cannot be looked up, `interrupted/detached` after Ctrl-C.
 */
export async function followRun(options: FollowOptions): Promise<FollowedRun> {
  const driver = new RunDriver(options);
  const stopListening = options.interrupts.listen(driver.signal);
  try {
    return { closing: await driver.follow(), run: driver.run };
  } finally {
    stopListening();
    driver.close();
  }
}

/** After SIGTERM a run is watched for this long, so that the process exits within five seconds. */
const leaveAfterMs = 4000;

/** Feeds events and interrupts to the two state machines (run-state.ts, cancellation.ts) and performs the effects. */
class RunDriver {
  readonly #options: FollowOptions;
  readonly #detach = new AbortController();
  #run: RunState;
  /** The request for the next invocation; for a continued run, what is left. */
  #request: Request;
  #sent = { times: 0, lastAt: 0 };
  #stop: StopState = "running";
  /** How to report the run once it is no longer watched. */
  #detached: Failure | undefined;
  #closed = false;
  #stopLeaving: () => void = () => undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#run = newRun(options.request, options.changes);
    this.#request = options.request;
  }

  get run(): RunState {
    return this.#run;
  }

  readonly signal = (signal: EndSignal): void =>
    this.#apply(onSignal(signal, this.#stop, this.#run));

  /** Ends what runs alongside the run: the cancel request and the timer after SIGTERM. */
  close(): void {
    this.#closed = true;
    this.#stopLeaving();
  }

  async follow(): Promise<ClosingEvent> {
    for (;;) {
      const end = await this.#invokeOrRecover();
      if (end.type !== "run.paused") return end;
      this.#request = continuedRequest(this.#options.request, this.#run, this.#sent.times + 1);
      if (this.#stop !== "running") {
        const { applied, notReached, tookMs } = end;
        return this.#report({
          type: "run.finished",
          ...{ applied, notReached, tookMs, cancelled: true },
        });
      }
    }
  }

  async #invokeOrRecover(): Promise<InvocationEnd> {
    try {
      const end = await this.#invoke();
      if (end) return end;
      throw runElsewhere(this.#run);
    } catch (thrown) {
      const { connection } = this.#options;
      if (!(thrown instanceof Failure)) throw thrown;
      if (!isRecoverable(this.#run, thrown, { streams: connection.streams() })) throw thrown;
      const found = await this.#orDetached(
        recoverOutcome({
          ...this.#options,
          run: this.#run,
          failure: thrown,
          sent: this.#sent,
          signal: this.#detach.signal,
        }),
      );
      if (found.type !== "run.paused") return this.#report(found);
      this.#receive(found);
      return found;
    }
  }

  /** Undefined if another invocation does the run, or has done it. */
  async #invoke(): Promise<InvocationEnd | undefined> {
    const { connection, now, drained } = this.#options;
    const request = this.#request;
    const functionName = connection.reached.function;
    const startedAt = now();
    this.#sent = { times: this.#sent.times + 1, lastAt: startedAt };
    let receivedEvents = false;
    let reported = nothingReported;
    try {
      for await (const part of this.#start(request)) {
        receivedEvents = true;
        const event = withEarlierParts(this.#run, part);
        if (event.type === "run.started") checkContract(event, functionName);
        reported = expectEvent(reported, event, request);
        if (isRunElsewhere(this.#run, event)) return undefined;
        this.#receive(event);
        if (endsInvocation(event)) return event;
        const behind = drained();
        if (behind) await unlessAborted(behind, this.#detach.signal);
      }
    } catch (thrown) {
      if (this.#detached) throw this.#detached;
      const tookMs = now() - startedAt;
      throw invocationFailure(thrown, this.#run, { receivedEvents, tookMs, functionName });
    }
    throw this.#detached ?? unknownOutcome(this.#run, now() - startedAt);
  }

  #start(request: Request): AsyncIterable<RunEvent | UnknownEvent> {
    const { connection, startRun } = this.#options;
    const { signal } = this.#detach;
    if (startRun) return startRun({ request, run: this.#run, sent: this.#sent, signal });
    return invokedRun(connection, request, signal);
  }

  #receive(event: RunEvent | UnknownEvent): void {
    this.#run = reduceRun(this.#run, event);
    if (event.type === "run.started") this.#apply(onStarted(this.#stop, this.#run));
    this.#options.onEvent(event);
  }

  #report(closing: ClosingEvent): ClosingEvent {
    this.#options.onEvent(closing);
    return closing;
  }

  async #orDetached<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (thrown) {
      throw this.#detached ?? thrown;
    }
  }

  #apply({ state, effect, leaveSoon }: StopTransition): void {
    const before = this.#stop;
    this.#stop = state;
    if (leaveSoon) this.#leaveSoon();
    const { stopping } = this.#options;
    if (state === "stop-pending" && before !== state)
      stopping({ state: "pending", text: stopPendingMessage });
    if (effect === "cancel") {
      stopping({ state: "requested", text: stopRequestedMessage(this.#run) });
      void this.#cancel();
    }
    if (effect === "detach") {
      this.#detached = detachedFailure(this.#run, before);
      this.#detach.abort();
    }
  }

  #leaveSoon(): void {
    this.#stopLeaving();
    this.#stopLeaving = this.#options.every(leaveAfterMs, () => {
      this.#stopLeaving();
      this.signal("hangup");
    });
  }

  /** Sends the cancel request until the run is known to the function: one that waits for its turn is not in the ledger yet. */
  async #cancel(): Promise<void> {
    const { connection, request, stopping, sleep, now, every } = this.#options;
    const { signal } = this.#detach;
    const cancel = requestAbout(request, "cancel");
    try {
      await poll(
        async () => {
          if (this.#closed) return { done: true, value: undefined };
          const events = await queryFunction(connection, cancel, { signal, now, every });
          const accepted = events.some(
            (event) => event.type === "cancel.requested" && event.runs.length > 0,
          );
          return accepted ? { done: true, value: undefined } : { done: false };
        },
        { backoff: queryBackoff, sleep, signal },
      );
      this.#stop = onCancelResult(this.#stop, true).state;
      if (request.operation === "rehearse" && !this.#closed) {
        this.#detached = rehearsalCancelled();
        this.#detach.abort();
        return;
      }
      if (!this.#closed) stopping({ state: "accepted", text: stopAcceptedMessage(this.#run) });
    } catch (thrown) {
      if (this.#closed || signal.aborted) return;
      this.#stop = onCancelResult(this.#stop, false).state;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      stopping({ state: "failed", text: `! The stop request failed: ${reason}` });
    }
  }
}

/** The events of a run in the function. */
export function invokedRun(
  connection: Connection,
  request: Request,
  signal: AbortSignal,
): AsyncGenerator<RunEvent | UnknownEvent> {
  const bytes = connection.invoke(JSON.stringify(request), signal, bufferedRequest(request));
  return decodeEvents(bytes);
}
