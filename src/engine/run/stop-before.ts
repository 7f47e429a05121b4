import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import type { EngineContext } from "../context.ts";
import type { RunStop } from "../run-result.ts";
import type { MigrationStore } from "../store/store.ts";

/** A run's share of an invocation's time. */
export interface Slice {
  /** Pause then, in the time of `EngineContext.now`. */
  readonly untilMs: number | undefined;
  /** Something was applied in this invocation: a run that paused without progress would never end. */
  readonly progressed: boolean;
  /** Another invocation can continue the run. The store of the next step may not allow it all the same. */
  readonly resumable: boolean;
}

/** The slice after more steps; `resumable`: another invocation finds what they have done. */
export function sliceAfter(slice: Slice, done: number, resumable = true): Slice {
  return {
    ...slice,
    progressed: slice.progressed || done > 0,
    resumable: slice.resumable && resumable,
  };
}

/** Do not start a step with less than this much time remaining. */
const leastMs = 5000;

/** The same where another invocation can continue the run. */
const pauseBelowMs = 60_000;

type StoppableStore = Pick<MigrationStore, "canResume" | "backgroundFailure">;

/** Why the next step of a run, in this store, must not be started; undefined if it may. */
export function stopBefore(
  store: StoppableStore,
  slice: Slice,
  engine: EngineContext,
): RunStop | undefined {
  // Near its end the function stops the run itself, which is a pause if the run can be continued.
  const canPause = store.canResume && slice.resumable;
  const isDeadline = canPause && engine.stop.reason === "deadline";
  if (engine.stop.aborted && !isDeadline) return { stop: "cancelled" };
  const failure = store.backgroundFailure?.();
  if (failure) return { stop: "failed", failure };
  const reason = canPause && slice.progressed ? pauseReason(slice, engine) : undefined;
  if (reason !== undefined) return { stop: "paused", reason };
  return engine.remainingMs() < leastMs ? { stop: "failed", failure: deadline() } : undefined;
}

/**
 * The outcome of a run that was asked to stop before the metadata was replaced. Shortly before its time limit, the function stops the run
 * itself. That is no pause: the next invocation would plan again, although the steps that were requested may all be done.
 */
export function stoppedBeforeMetadata({ stop }: Pick<EngineContext, "stop">): RunStop {
  if (stop.reason !== "deadline") return { stop: "cancelled" };
  return {
    stop: "failed",
    failure: deadline("The function ran out of time before it replaced the metadata."),
  };
}

function pauseReason({ untilMs }: Slice, engine: EngineContext): string | undefined {
  if (engine.stop.aborted || engine.remainingMs() < pauseBelowMs)
    return "the function's time is almost up";
  return untilMs !== undefined && engine.now() >= untilMs
    ? "the client requested short invocations"
    : undefined;
}

function deadline(
  message = "The function ran out of time; migrations that are not applied yet stay pending.",
): Failure {
  return new Failure("unreachable", "deadline", message, {
    hints: [
      retryHint({ reason: "continue where this run ended" }),
      textHint("Raise the function's timeout (at most 15 minutes)."),
    ],
  });
}
