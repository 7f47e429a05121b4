import type { HistoryRow } from "../../protocol/history-row.ts";
import { Failure } from "../../protocol/failure.ts";
import { requestAbout } from "../../protocol/request.ts";
import type { Connection } from "../connection/connection.ts";
import type { CliContext } from "../context.ts";
import { queryFunction } from "./query.ts";
import type { RunState } from "./run-state.ts";

/** A run that is looked up in the ledger. */
export interface RunToLookUp {
  readonly connection: Connection;
  /** What is known about the run. */
  readonly run: RunState;
  /** How often the run was sent, its continuations included, and when the last time was, in epoch milliseconds. */
  readonly sent: { readonly times: number; readonly lastAt: number };
  /** Aborted when the user detaches. */
  readonly signal: AbortSignal;
  readonly now: CliContext["now"];
  readonly every: CliContext["every"];
}

/** The result of one lookup in the ledger. */
export type Lookup =
  | { readonly kind: "ended"; readonly row: HistoryRow; readonly outcome: string }
  /** Paused by the invocation whose end did not arrive: only this client can continue it. */
  | { readonly kind: "paused"; readonly row: HistoryRow }
  | { readonly kind: "active"; readonly row: HistoryRow }
  /** Not ended and not active, or paused and not continued. */
  | { readonly kind: "stale"; readonly row: HistoryRow }
  | { readonly kind: "not-recorded" }
  /** `transient`: asking again may help. */
  | { readonly kind: "failed"; readonly failure: Failure; readonly transient: boolean };

/** Asks the function once about one run. Throws nothing that is a `Failure`, unless the user has detached. */
export async function lookUpRun(options: RunToLookUp): Promise<Lookup> {
  const { connection, run, signal, now, every } = options;
  const { request } = run;
  const history = requestAbout(request, "history");
  try {
    const events = await queryFunction(connection, history, { signal, now, every });
    const answer = events.find((event) => event.type === "history");
    return answer
      ? classify(
          answer.runs.find((row) => row.runId === request.runId),
          options,
        )
      : lookupFailed(
          run,
          new Failure("unreachable", "no-answer", "The function did not return a list of runs."),
        );
  } catch (thrown) {
    if (!(thrown instanceof Failure) || signal.aborted) throw thrown;
    return lookupFailed(run, thrown);
  }
}

function classify(row: HistoryRow | undefined, options: RunToLookUp): Lookup {
  if (!row) return { kind: "not-recorded" };
  if (row.outcome === "paused" && canContinue(row, options)) return { kind: "paused", row };
  if (row.outcome !== undefined && row.outcome !== "paused")
    return { kind: "ended", row, outcome: row.outcome };
  return { kind: row.live ? "active" : "stale", row };
}

/**
 * True if every invocation that was sent is recorded, so that none can still start, and what is left of the run is known (for a
 * redo, its version).
 */
function canContinue(
  { requestIds = [] }: HistoryRow,
  { run: { request, planned }, sent }: RunToLookUp,
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
