import type { ClosingEvent, EventOf, InvocationEnd } from "../../protocol/events.ts";
import type { HistoryRow } from "../../protocol/history-row.ts";
import { Failure } from "../../protocol/failure.ts";
import { isCommandOf, runHint } from "../../protocol/hint.ts";
import { poll, type Poll } from "../../retry.ts";
import type { CliContext } from "../context.ts";
import { lookUpRun, type Lookup, type RunToLookUp } from "./look-up-run.ts";
import { queryBackoff } from "./query.ts";
import { countsOf, recordedEnd } from "./recorded-end.ts";
import { hasCrashed } from "./run-failures.ts";
import { activityOf, newsReporter } from "./run-news.ts";

/** No function lives longer. */
const longestRunMs = 900_000;
/** Give up after this many answers that do not know the run: it is recorded once its function has read the ledger. */
const maxUnknown = 3;
/** The same for a run that sent no event: its function may still be starting. */
const maxUnknownBeforeStart = 4;
/** A run that ends while it is looked up can appear neither ended nor active, once. */
export const maxStale = 2;
/** A function that crashes on this many queries in a row will not answer the next one. */
const maxCrashes = 5;
/** The same for a run in an ECS task: Fargate takes a minute or two to start one. */
const maxUnknownTask = 30;
/** Codes of a run in an ECS task, which has no time limit. */
const taskCodes: ReadonlySet<string> = new Set(["task-unknown", "task-killed"]);

export interface RecoverOptions extends RunToLookUp {
  /** Why its closing event did not arrive. */
  readonly failure: Failure;
  readonly notice: (line: string) => void;
  readonly waiting: (text: string) => void;
  readonly sleep: CliContext["sleep"];
}

/**
 * Looks up in the ledger how a run ended whose closing event did not arrive: polls until it has ended or paused, and never sends it
 * again. The counts of a pause are those of the whole run. Throws `failure`, or `run-died`, if the run died, is not recorded, or
 * cannot be looked up within a function's lifetime.
 */
export async function recoverOutcome(options: RecoverOptions): Promise<InvocationEnd> {
  const { run, failure, signal, notice, now, sleep } = options;
  const { environment, runId } = run.request;
  const report = newsReporter(options);
  const limit = unknownLimit(options);
  const seen = { unknown: 0, stale: 0, crashes: 0, at: now() };
  notice(`! ${failure.message} Looking up run ${runId} in ${environment} …`);
  return poll<InvocationEnd>(
    async (): Promise<Poll<InvocationEnd>> => {
      if (now() - seen.at >= longestRunMs) throw failure;
      const found = await lookUpRun(options);
      switch (found.kind) {
        case "ended":
          return { done: true, value: endOf(options, found.row, found.outcome) };
        case "paused":
          return { done: true, value: pausedEvent(options, found.row) };
        case "active":
          report(...activityOf(found.row, now()));
          break;
        case "stale":
          seen.stale += 1;
          if (seen.stale >= maxStale) throw deadRun(options, found.row);
          break;
        case "not-recorded":
          seen.unknown += 1;
          if (seen.unknown >= limit) throw deadRun(options, undefined);
          break;
        case "failed":
          report(`could not look up the run: ${found.failure.message}`);
          countFailure(seen, found);
          if (seen.unknown >= limit || seen.crashes >= maxCrashes) throw failure;
          return { done: false };
      }
      countAnswer(seen, options);
      return { done: false };
    },
    { backoff: queryBackoff, sleep, signal },
  );
}

/** After how many answers that do not know the run it is given up. */
function unknownLimit({ run, failure }: RecoverOptions): number {
  if (taskCodes.has(failure.code)) return maxUnknownTask;
  return run.started ? maxUnknown : maxUnknownBeforeStart;
}

function countAnswer(
  seen: { crashes: number; at: number },
  { failure, now }: RecoverOptions,
): void {
  seen.crashes = 0;
  // A task has no time limit: only a run that cannot be looked up is given up.
  if (taskCodes.has(failure.code)) seen.at = now();
}

function countFailure(
  seen: { unknown: number; crashes: number },
  { failure, transient }: Extract<Lookup, { kind: "failed" }>,
): void {
  if (!transient) seen.unknown += 1;
  seen.crashes = hasCrashed(failure) ? seen.crashes + 1 : 0;
}

function endOf({ run, notice }: RecoverOptions, row: HistoryRow, outcome: string): ClosingEvent {
  const end = recordedEnd(run, row, outcome);
  if (end.type === "run.finished")
    notice("Recovered the result from the ledger; nothing was run twice.");
  return end;
}

function pausedEvent({ run, sent, now }: RecoverOptions, row: HistoryRow): EventOf<"run.paused"> {
  return {
    type: "run.paused",
    reason: "the ledger shows that the run is paused",
    ...countsOf(run, row),
    tookMs: run.earlier.tookMs + now() - sent.lastAt,
  };
}

function deadRun({ run, failure }: RecoverOptions, row: HistoryRow | undefined): Failure {
  const { environment, runId, operation } = run.request;
  const goOn = runHint(
    operation === "apply" ? [environment] : ["status", environment],
    "to continue where it stopped (nothing is applied twice)",
  );
  const details = runHint(["history", environment, "--run", runId], "to see what it did");
  return new Failure(
    "unreachable",
    failure.code === "outcome-unknown" ? "run-died" : { received: failure.code },
    deadRunMessage(runId, environment, row),
    {
      hints: [goOn, details, ...failure.hints.filter((hint) => !isCommandOf(hint))],
      cause: new Error(failure.message, { cause: failure.cause }),
    },
  );
}

function deadRunMessage(runId: string, environment: string, row: HistoryRow | undefined): string {
  if (!row)
    return `Run ${runId} is not in ${environment}'s ledger: it never started, or is still waiting.`;
  if (row.outcome === "paused")
    return `Run ${runId} is paused, and there is no sign that it was continued.`;
  return `Run ${runId} appears to have died: it never finished and shows no activity.`;
}
