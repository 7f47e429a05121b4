import type { ClosingEvent, EventOf, HistoryRow } from "../../protocol/events.ts";
import { exitCode, Failure, type FailureData, type Kind } from "../../protocol/failure.ts";
import { isCommandOf, runHint } from "../../protocol/hint.ts";
import { poll, type Poll } from "../../retry.ts";
import type { Connection } from "../connection/connection.ts";
import type { CliContext } from "../context.ts";
import { duration } from "../output/format.ts";
import { queryBackoff, queryFunction } from "./query.ts";
import { hasCrashed } from "./run-failures.ts";
import type { RunState } from "./run-state.ts";

/** No function lives longer. */
const longestRunMs = 900_000;
/** Give up after this many answers that do not know the run: it is recorded once its function has read the ledger. */
const maxUnknown = 3;
/** The same for a run that sent no event: its function may still be starting. */
const maxUnknownBeforeStart = 4;
/** A run that ends while it is looked up can appear neither ended nor active, once. */
const maxStale = 2;
/** A function that crashes on this many queries in a row will not answer the next one. */
const maxCrashes = 5;
/** Unchanged news is repeated after this long. */
const repeatMs = 30_000;

export interface RecoverOptions {
  readonly connection: Connection;
  /** What is known about the run. */
  readonly run: RunState;
  /** Why its closing event did not arrive. */
  readonly failure: Failure;
  /** How often the run was sent, its continuations included, and when the last time was, in epoch milliseconds. */
  readonly sent: { readonly times: number; readonly lastAt: number };
  /** Aborted when the user detaches. */
  readonly signal: AbortSignal;
  readonly notice: (line: string) => void;
  readonly waiting: (text: string) => void;
  readonly now: CliContext["now"];
  readonly sleep: CliContext["sleep"];
  readonly every: CliContext["every"];
}

/** The result of one lookup in the ledger. */
type Lookup =
  | { readonly kind: "ended"; readonly row: HistoryRow; readonly outcome: string }
  /** Paused by the invocation whose end did not arrive: only this client can continue it. */
  | { readonly kind: "paused"; readonly row: HistoryRow }
  | { readonly kind: "active"; readonly row: HistoryRow }
  /** Not ended and not active, or paused and not continued. */
  | { readonly kind: "stale"; readonly row: HistoryRow }
  | { readonly kind: "not-recorded" }
  /** `transient`: asking again may help. */
  | { readonly kind: "failed"; readonly failure: Failure; readonly transient: boolean };

/**
 * Looks up in the ledger how a run ended whose closing event did not arrive: polls until it has ended or paused, and never sends it
 * again. The counts of a pause are those of the whole run. Throws `failure`, or `run-died`, if the run died, is not recorded, or
 * cannot be looked up within a function's lifetime.
 */
export async function recoverOutcome(
  options: RecoverOptions,
): Promise<ClosingEvent | EventOf<"run.paused">> {
  const { run, failure, signal, notice, now, sleep } = options;
  const { environment, runId } = run.request;
  const startedAt = now();
  const report = newsReporter(options);
  const limit = run.started ? maxUnknown : maxUnknownBeforeStart;
  const seen = { unknown: 0, stale: 0, crashes: 0 };
  notice(`! ${failure.message} Looking up run ${runId} in ${environment} …`);
  return poll<ClosingEvent | EventOf<"run.paused">>(
    async (): Promise<Poll<ClosingEvent | EventOf<"run.paused">>> => {
      if (now() - startedAt >= longestRunMs) throw failure;
      const found = await lookUp(options);
      switch (found.kind) {
        case "ended":
          return { done: true, value: closingEvent(options, found.row, found.outcome) };
        case "paused":
          return { done: true, value: pausedEvent(options, found.row) };
        case "active":
          report(...activity(found.row, now()));
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
      seen.crashes = 0;
      return { done: false };
    },
    { backoff: queryBackoff, sleep, signal },
  );
}

function countFailure(
  seen: { unknown: number; crashes: number },
  { failure, transient }: Extract<Lookup, { kind: "failed" }>,
): void {
  if (!transient) seen.unknown += 1;
  seen.crashes = hasCrashed(failure) ? seen.crashes + 1 : 0;
}

async function lookUp(options: RecoverOptions): Promise<Lookup> {
  const { connection, run, signal, now, every } = options;
  const { request } = run;
  const history = { ...request, operation: "history" as const, options: { run: request.runId } };
  try {
    const events = await queryFunction(connection, history, { signal, now, every });
    const answer = events.find((event) => event.type === "history");
    return answer
      ? classify(
          answer.runs.find((row) => row.runId === request.runId),
          options,
        )
      : lookupFailed(run, new Failure("unreachable", "no-answer", "The function did not answer."));
  } catch (thrown) {
    if (!(thrown instanceof Failure) || signal.aborted) throw thrown;
    return lookupFailed(run, thrown);
  }
}

function classify(row: HistoryRow | undefined, options: RecoverOptions): Lookup {
  if (!row) return { kind: "not-recorded" };
  if (row.outcome === "paused" && canContinue(row, options)) return { kind: "paused", row };
  if (row.outcome !== undefined && row.outcome !== "paused")
    return { kind: "ended", row, outcome: row.outcome };
  return { kind: row.live ? "active" : "stale", row };
}

/**
 * True if every invocation that was sent is recorded, so that none can still start, and if the rest of the run is known:
 * that of a redo is its version.
 */
function canContinue(
  { requestIds = [] }: HistoryRow,
  { run: { request, planned }, sent }: RecoverOptions,
): boolean {
  if (requestIds.length < sent.times) return false;
  return request.operation !== "redo" || (request.options.version ?? planned[0]) !== undefined;
}

function lookupFailed({ started }: RunState, failure: Failure): Lookup {
  // A run that has started keeps a ledger, so it ended before it created one; of any other run this proves nothing.
  if (started && failure.code === "needs-ledger") return { kind: "not-recorded" };
  // If the run never sent an event, there may be no function to ask.
  const transient = started !== undefined && failure.kind === "unreachable";
  return { kind: "failed", failure, transient };
}

function activity(
  { activity, startedAt }: HistoryRow,
  now: number,
): [news: string, detail: string] {
  const what = activity === undefined ? "" : `: ${activity}`;
  return [`still running${what}`, `, ${duration(now - Date.parse(startedAt))}`];
}

/** Shows changes immediately, and repeats an unchanged state from time to time. */
function newsReporter({ now, waiting }: RecoverOptions): (news: string, detail?: string) => void {
  let last = { news: "", at: 0 };
  return (news, detail = "") => {
    if (news === last.news && now() - last.at < repeatMs) return;
    last = { news, at: now() };
    waiting(news + detail);
  };
}

function closingEvent(
  { run, notice }: RecoverOptions,
  row: HistoryRow,
  outcome: string,
): ClosingEvent {
  const counts = {
    ...countsOf(run, row),
    tookMs: row.endedAt === undefined ? 0 : millisecondsBetween(row.startedAt, row.endedAt),
  };
  if (outcome === "finished" || outcome === "cancelled") {
    notice("Recovered the result from the ledger; nothing was run twice.");
    return { type: "run.finished", ...counts, ...(outcome === "cancelled" && { cancelled: true }) };
  }
  return { type: "run.failed", ...counts, failure: recordedFailure(run, outcome, row.failure) };
}

function pausedEvent({ run, sent, now }: RecoverOptions, row: HistoryRow): EventOf<"run.paused"> {
  return {
    type: "run.paused",
    reason: "the ledger shows that the run is paused",
    ...countsOf(run, row),
    tookMs: run.earlier.tookMs + now() - sent.lastAt,
  };
}

function countsOf(
  { planned }: RunState,
  { migrations }: HistoryRow,
): { readonly applied: number; readonly notReached: number } {
  const reached = new Set(migrations.map(({ version }) => version));
  return {
    applied: migrations.filter(({ change }) => change === "up" || change === "down").length,
    notReached: planned.filter(({ version }) => !reached.has(version)).length,
  };
}

function millisecondsBetween(start: string, end: string): number {
  return Math.max(0, Date.parse(end) - Date.parse(start));
}

/** `outcome` is `kind/code`; `message` is the failure's own, if the ledger has it. */
function recordedFailure(
  { request: { environment, runId } }: RunState,
  outcome: string,
  message: string | undefined,
): FailureData {
  const [kind = "", code = "failed"] = outcome.split("/");
  return {
    kind: isKind(kind) ? kind : "unreachable",
    code,
    message:
      message ?? `The run failed (${outcome}); the error message was lost with the connection.`,
    hints: [
      runHint(["history", environment, "--run", runId], "to see what it did"),
      runHint(["status", environment]),
    ],
    causes: [],
  };
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(exitCode, text);
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
