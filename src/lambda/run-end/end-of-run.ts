import type { Request } from "../../protocol/request.ts";
import { deadlineOf } from "../deadline.ts";
import type { LambdaContext } from "../lambda-context.ts";
import type { Log } from "../log.ts";
import type { Settings } from "../settings.ts";
import { announce, isAnnounced, type Channels } from "./announce.ts";
import { metricsLine } from "./metrics.ts";
import { noFacts, outcomeOf, type RunFacts } from "./run-facts.ts";
import { runReport } from "./run-report.ts";

/** A run while it is served: what is known of it, over its invocations in this process. */
export interface ObservedRun {
  readonly runId: string;
  readonly facts: RunFacts;
  /** How many migrations were applied in earlier invocations. */
  readonly appliedBefore: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

/** A new run; or the one that this process paused last, when it is continued. */
export function observedFrom(
  paused: ObservedRun | undefined,
  runId: string,
  at: number,
): ObservedRun {
  return paused?.runId === runId
    ? { ...paused, appliedBefore: paused.facts.applied }
    : { runId, facts: noFacts, appliedBefore: 0, startedAt: at };
}

/** The run that is paused after an invocation served `run`; a paused run stays paused if a different run came in between. */
export function pausedAfter(
  run: ObservedRun,
  before: ObservedRun | undefined,
): ObservedRun | undefined {
  if (run.facts.end?.type === "run.paused") return run;
  return before?.runId === run.runId ? undefined : before;
}

export interface EndContext {
  readonly settings: Settings;
  readonly context: LambdaContext;
  readonly channels: Channels;
  readonly redact: (text: string) => string;
  readonly now: () => number;
  readonly log: Log;
  readonly writeLog: (line: string) => void;
}

/** How long a run's end may take to announce; less where the function's time is nearly over. */
const announceWithinMs = 5000;
/** Left for the end of the invocation. */
const reserveMs = 500;

/**
 * After the caller has the whole answer: writes the metrics of an operation that may change something, and announces the run's end.
 * A channel that fails is a warning in the log, and nothing else.
 */
export async function reportEnd(
  request: Request,
  { facts, appliedBefore, startedAt }: ObservedRun,
  { settings, context, channels, redact, now, log, writeLog }: EndContext,
): Promise<void> {
  const endedAt = now();
  if (settings.metrics)
    writeLog(
      metricsLine({
        environment: request.environment,
        operation: request.operation,
        runId: request.runId,
        requestId: context.awsRequestId,
        outcome: outcomeOf(facts),
        applied: facts.applied - appliedBefore,
        durationMs: Math.max(0, endedAt - startedAt),
        at: endedAt,
      }),
    );
  const imageCommit = settings.image.commit;
  const report = runReport({ request, facts, context, startedAt, endedAt, redact, imageCommit });
  const { notifications } = settings;
  if (report === undefined || !isAnnounced(report, facts, notifications)) return;
  const leftMs = deadlineOf(context).remainingMs() - reserveMs;
  const withinMs = Math.max(1, Math.min(announceWithinMs, leftMs));
  for (const { to, reason } of await announce(report, notifications, channels, withinMs))
    log.warning("the end of the run could not be announced", { to, reason });
}
