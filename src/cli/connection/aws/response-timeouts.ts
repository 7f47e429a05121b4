import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { CliContext } from "../../context.ts";
import { within } from "../time-limit.ts";
import { Delivery } from "./delivery.ts";
import type { InvocationTarget } from "./invoke-errors.ts";

/** A function that is started for the first time may need a while before it can send anything. */
export const firstByteMs = 60_000;
/** The function sends a heartbeat every 10 s: three of them are missing. */
const longestSilenceMs = 35_000;

/** How long the parts of a response are waited for. What takes longer is aborted, together with its connection. */
export interface ResponseTimeouts {
  /** Aborted by the caller, or when a part took too long. */
  readonly signal: AbortSignal;
  /** Waits for the beginning of the response; throws `unreachable/outcome-unknown`, or `lambda-unreachable` if nothing was sent. */
  first<T>(work: Promise<T>, ms: number): Promise<T>;
  /** Waits for the next part of a response that has begun; throws `unreachable/outcome-unknown`. */
  next<T>(work: Promise<T>): Promise<T>;
}

/** The time-outs of one invocation that `signal` aborts. */
export function responseTimeouts(
  target: InvocationTarget,
  signal: AbortSignal,
  every: CliContext["every"],
): ResponseTimeouts {
  const lost = new AbortController();
  const giveUp = (failure: Failure): Failure => {
    lost.abort();
    return failure;
  };
  return {
    signal: AbortSignal.any([signal, lost.signal]),
    first: (work, ms) => {
      const delivery = Delivery.current();
      const late = (): Failure =>
        giveUp(delivery?.sent === false ? neverSent(ms) : unanswered(target, ms));
      return within(work, { ms, every, late });
    },
    next: (work) => within(work, { ms: longestSilenceMs, every, late: () => giveUp(silent()) }),
  };
}

function unanswered({ function: name }: InvocationTarget, ms: number): Failure {
  return new Failure(
    "unreachable",
    "outcome-unknown",
    `The function ${name} did not respond within ${ms / 1000} s; it may be running.`,
    { hints: [textHint("Check the network, HTTPS_PROXY, and the function's log.")] },
  );
}

function neverSent(ms: number): Failure {
  return new Failure(
    "unreachable",
    "lambda-unreachable",
    `The request could not be sent within ${ms / 1000} s, so nothing has run.`,
    { hints: [textHint("Check the network and HTTPS_PROXY.")] },
  );
}

function silent(): Failure {
  return new Failure(
    "unreachable",
    "outcome-unknown",
    "The connection went silent; the function may still be running.",
    {
      cause: new Error(
        `Nothing arrived for ${longestSilenceMs / 1000} s, although the function sends something every 10 s.`,
      ),
    },
  );
}
