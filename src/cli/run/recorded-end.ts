import type { ClosingEvent } from "../../protocol/events.ts";
import type { HistoryRow } from "../../protocol/history-row.ts";
import { exitCode, type FailureData, type Kind } from "../../protocol/failure.ts";
import { runHint } from "../../protocol/hint.ts";
import type { RunState } from "./run-state.ts";

/** How a run ended, from the ledger. The counts are those of the whole run. */
export function recordedEnd(run: RunState, row: HistoryRow, outcome: string): ClosingEvent {
  const counts = {
    ...countsOf(run, row),
    tookMs: row.endedAt === undefined ? 0 : millisecondsBetween(row.startedAt, row.endedAt),
  };
  if (outcome === "finished" || outcome === "cancelled")
    return { type: "run.finished", ...counts, ...(outcome === "cancelled" && { cancelled: true }) };
  return { type: "run.failed", ...counts, failure: recordedFailure(run, outcome, row.failure) };
}

/** What a run has changed, and how many of the planned migrations and seeds it has not reached. */
export function countsOf(
  { planned, plannedSeeds }: RunState,
  { migrations, seeds = [] }: HistoryRow,
): { readonly applied: number; readonly notReached: number } {
  const reached = new Set(migrations.map(({ version }) => version));
  const steps = migrations.filter(({ change }) => change === "up" || change === "down");
  const isRun = ({ database, seed }: RunState["plannedSeeds"][number]): boolean =>
    seeds.some((run) => run.database === database && run.name === seed);
  return {
    applied: steps.length + seeds.length,
    notReached:
      planned.filter(({ version }) => !reached.has(version)).length +
      plannedSeeds.filter((planned) => !isRun(planned)).length,
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
