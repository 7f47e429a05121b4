import { isClosing, type EventOf, type RunEvent } from "../../protocol/events.ts";
import { causesOf, Failure } from "../../protocol/failure.ts";
import { isCommandOf, retryHint, runHint, type Hint } from "../../protocol/hint.ts";
import { decodeEvents, type UnknownEvent } from "../../protocol/ndjson.ts";
import type { Request } from "../../protocol/request.ts";
import { contractVersion, oldestContract } from "../../protocol/version.ts";
import type { Connection } from "../connection/connection.ts";
import { recoverOutcome } from "./recover-outcome.ts";
import type { Interrupts } from "./interrupts.ts";
import { duration } from "../output/format.ts";
import { RunTracker } from "./run-tracker.ts";
import { detachedFailure } from "./cancel-messages.ts";

export interface FollowOptions {
  readonly connection: Connection;
  readonly request: Request;
  /** Sees every event, the closing one included. */
  readonly on: (event: RunEvent | UnknownEvent) => void;
  readonly interrupts: Interrupts;
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly notice: (line: string) => void;
  /** What is waited for while nothing happens. */
  readonly waiting: (text: string) => void;
  /** True when the request may change something, so that an unknown outcome matters. */
  readonly changes: boolean;
}

export type ClosingEvent = EventOf<"run.finished"> | EventOf<"run.failed">;

/**
 * One run to its closing event; a paused one goes on with the same runId. Nothing is ever sent again after a doubt: where the
 * function keeps a ledger, that is asked what became of the run. Throws a `Failure`: `unreachable/outcome-unknown` when the end was
 * not heard and nobody can tell, `interrupted/detached` after Ctrl-C.
 */
export async function followRun(it: FollowOptions): Promise<ClosingEvent> {
  const hand = new RunTracker(it);
  try {
    for (;;) {
      const closing = await heardOrFound(it, hand);
      if (closing.type !== "run.paused") return closing;
      if (hand.askedToStop) {
        const { applied, notReached, tookMs } = closing;
        return told(it, { type: "run.finished", applied, notReached, tookMs, cancelled: true });
      }
    }
  } finally {
    hand.close();
  }
}

async function heardOrFound(
  it: FollowOptions,
  hand: RunTracker,
): Promise<ClosingEvent | EventOf<"run.paused">> {
  try {
    return await oneInvocation(it, hand);
  } catch (thrown) {
    if (!(thrown instanceof Failure) || !it.changes || !canBeAsked(it, hand, thrown)) throw thrown;
    try {
      return told(it, await recoverOutcome(it, hand, thrown));
    } catch (found) {
      throw hand.detach.aborted ? left(it, hand) : found;
    }
  }
}

/** Codes after which the run may have gone on, or not. */
const lostTrack: ReadonlySet<string> = new Set([
  "outcome-unknown",
  "function-timeout",
  "function-crashed",
  "function-killed",
  "function-out-of-memory",
]);

/** A function that has ended before it said that it started has not begun the run; a connection that was lost by then proves nothing. */
function canBeAsked({ request }: FollowOptions, hand: RunTracker, { code }: Failure): boolean {
  return hand.begun
    ? lostTrack.has(code) && hand.serves("history")
    : code === "outcome-unknown" && request.environment !== "local";
}

function told(it: FollowOptions, closing: ClosingEvent): ClosingEvent {
  it.on(closing);
  return closing;
}

/** A run of one silent call is cut into slices: a connection without a byte for 350 s is dropped on the way. */
const sliceMs = 240_000;

function sliced({ request }: FollowOptions): string {
  const { operation } = request;
  return JSON.stringify(
    operation === "apply" || operation === "down"
      ? { ...request, options: { ...request.options, sliceMs } }
      : request,
  );
}

async function oneInvocation(
  it: FollowOptions,
  hand: RunTracker,
): Promise<ClosingEvent | EventOf<"run.paused">> {
  const since = it.now();
  let heard = 0;
  try {
    for await (const part of decodeEvents(
      it.connection.invoke(JSON.stringify(it.request), hand.detach, sliced(it)),
    )) {
      heard += 1;
      const event = hand.whole(part);
      if (event.type === "run.started") checkContract(event, it.connection.reached.function);
      hand.heard(event);
      it.on(event);
      if (isClosing(event)) return asClosing(event);
    }
  } catch (thrown) {
    throw verdict(thrown, it, hand, heard, it.now() - since);
  }
  throw hand.detach.aborted ? left(it, hand) : unknownOutcome(it, it.now() - since);
}

function asClosing(event: RunEvent | UnknownEvent): ClosingEvent | EventOf<"run.paused"> {
  if (event.type === "run.finished" || event.type === "run.failed" || event.type === "run.paused")
    return event;
  throw new Error(`not a closing event: ${event.type}`);
}

function verdict(
  thrown: unknown,
  it: FollowOptions,
  hand: RunTracker,
  heard: number,
  tookMs: number,
): unknown {
  if (hand.detach.aborted) return left(it, hand);
  if (!(thrown instanceof Failure)) return thrown;
  switch (thrown.code) {
    case "outcome-unknown":
      return heard > 0 ? unknownOutcome(it, tookMs, thrown) : withLook(it, thrown);
    case "stream-cut":
      return unknownOutcome(it, tookMs, thrown);
    case "stream-broken":
      return heard > 0 ? unknownOutcome(it, tookMs, thrown) : notOurs(it, thrown);
    case "function-timeout":
    case "function-crashed":
    case "function-killed":
    case "function-out-of-memory":
      return it.changes
        ? withLook(it, ended(thrown, it, hand))
        : thrown.with({
            hints: [retryHint({ reason: "nothing was changed; run again" }), ...thrown.hints],
          });
    default:
      return thrown;
  }
}

function look({ request }: FollowOptions): Hint {
  return runHint(["status", request.environment]);
}

function unknownOutcome(it: FollowOptions, tookMs: number, cause?: Failure): Failure {
  const message = `The connection broke after ${duration(tookMs)}; the function may still be running.`;
  const causes =
    cause === undefined
      ? []
      : [cause.message, ...causesOf(cause)].filter(
          (text) => !text.startsWith("The connection broke"),
        );
  return new Failure("unreachable", "outcome-unknown", message, {
    hints: [look(it)],
    ...(causes.length > 0 && { cause: new Error(causes.join(" ")) }),
  });
}

/** A function that ended in the middle: what it was at, and the command that goes on where nobody else can tell what became of the run. */
function ended(
  failure: Failure,
  { request: { operation } }: FollowOptions,
  hand: RunTracker,
): Failure {
  const { message, hints } = failure;
  const { inHand: current } = hand;
  const goOn =
    operation === "apply" && !hand.serves("history")
      ? [retryHint({ without: ["--reset"], reason: "to continue" })]
      : [];
  return failure.with({
    message: current
      ? `${message} Current migration: ${current.version} ${current.name}.`
      : message,
    hints: [...goOn, ...hints],
  });
}

/** The same failure with the command that tells what became of the run in front. */
function withLook(it: FollowOptions, failure: Failure): Failure {
  return failure.with({
    hints: [look(it), ...failure.hints.filter((hint) => !isCommandOf(hint, "status"))],
  });
}

function left({ changes, request }: FollowOptions, hand: RunTracker): Failure {
  return changes
    ? detachedFailure(request, hand)
    : new Failure("interrupted", "interrupted", "Interrupted.");
}

function notOurs({ connection }: FollowOptions, cause: Failure): Failure {
  return new Failure(
    "unreachable",
    "not-our-function",
    `The function ${connection.reached.function} does not answer as one of hasura-migrate's does.`,
    {
      hints: [
        'Name the right one: --function NAME, or "function" in hasura-migrate.json',
        "If it is the right one: deploy its image again.",
      ],
      cause,
    },
  );
}

/** Versions overlap by one; what is further apart is named with the side that has to move. */
function checkContract(
  { contract, function: { package: version } }: EventOf<"run.started">,
  name: string,
): void {
  if (contract.oldest > contractVersion) {
    throw new Failure(
      "usage",
      "client-too-old",
      `The function ${name} (hasura-migrate ${version}) is too new for this hasura-migrate.`,
      {
        hints: ["npx hasura-migrate@latest"],
      },
    );
  }
  if (contract.newest < oldestContract) {
    throw new Failure(
      "usage",
      "function-too-old",
      `The function ${name} (hasura-migrate ${version}) is too old for this hasura-migrate.`,
      {
        hints: [`Deploy a newer image, or use npx hasura-migrate@${version}`],
      },
    );
  }
}
