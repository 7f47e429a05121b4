import type { EngineContext } from "../engine/context.ts";
import { Failure } from "../protocol/failure.ts";
import { textHint } from "../protocol/hint.ts";
import type { LambdaContext } from "./lambda-context.ts";

/** Milliseconds reserved at the end: to stop, record what was done and report it. */
const marginMs = 30_000;
/** For an answer that is sent at the last moment. */
const lastMarginMs = 2000;
/** A day: well above Lambda's 15 minutes, well below the largest delay of a timer. */
const noDeadlineMs = 24 * 60 * 60 * 1000;

/** When an invocation ends. */
export interface Deadline {
  /** Milliseconds until the process is killed; never negative. */
  readonly remainingMs: () => number;
  /** Milliseconds until a run has to stop. */
  readonly stopInMs: number;
  /** Milliseconds until the answer has to be sent, whatever is still going on. */
  readonly lastMs: () => number;
}

/** The margin is at most a third of the timeout, so that a function with a short one can do something at all. */
export function deadlineOf(context: LambdaContext): Deadline {
  const remainingMs = (): number => {
    const ms = context.getRemainingTimeInMillis();
    return Number.isFinite(ms) && ms > -noDeadlineMs
      ? Math.max(0, Math.min(ms, noDeadlineMs))
      : noDeadlineMs;
  };
  const timeoutMs = remainingMs();
  return {
    remainingMs,
    stopInMs: timeoutMs - Math.min(marginMs, timeoutMs / 3),
    lastMs: () => Math.max(0, remainingMs() - Math.min(lastMarginMs, timeoutMs / 20)),
  };
}

/** Resolves when the run must stop (little time is left, or its task was asked to end), or when it has finished. */
export async function timeIsShort(
  { ending }: LambdaContext,
  deadline: Deadline,
  over: AbortSignal,
  sleep: EngineContext["sleep"],
): Promise<void> {
  if (ending === undefined) await sleep(deadline.stopInMs, over).catch(() => undefined);
  else await aborted(AbortSignal.any([ending, over]));
}

/** Rejects just before the process is killed: whatever hangs, the caller gets an answer. */
export async function lastMoment(
  deadline: Deadline,
  over: AbortSignal,
  sleep: EngineContext["sleep"],
): Promise<never> {
  await sleep(deadline.lastMs(), over).catch(() => undefined);
  if (over.aborted) return new Promise<never>(() => undefined);
  throw new Failure(
    "unreachable",
    "deadline",
    "The function ran out of time before the run had ended; the migration in progress may have taken effect.",
    {
      hints: [
        textHint(
          "Run status to see what was applied; running the same command again continues from there.",
        ),
        textHint(
          "Check that Hasura responds, and that the function's timeout is long enough (at most 15 minutes).",
        ),
      ],
    },
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
