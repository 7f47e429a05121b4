import type { Version } from "../../../protocol/migration.ts";
import type { Step } from "../store.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { isTransient, transientSqlStates } from "./client.ts";
import { sqlstate } from "./constants.ts";
import type { Position } from "./position.ts";
import type { LedgerSnapshot } from "./snapshot.ts";

/**
 * What to do after a migration's request failed. `done`: it took effect anyway · `skipped`: another
 * run did it · `wait`: it, or another run, is still working · `again`: nothing happened, send it
 * again · `replan`: the ledger changed · `failed`: the database refused it · `interrupted`: it
 * had its own COMMIT and did not reach its end.
 */
export type StepOutcome =
  | { readonly do: "done" | "again" | "failed" | "interrupted" | "cancelled" }
  | { readonly do: "skipped" | "replan"; readonly reason: string }
  | { readonly do: "wait"; readonly for: "outcome" | "lock"; readonly message: string };

/** What the request expected to find. */
type Expected = Pick<Position, "generation" | "ownGeneration" | "inFlightUpTo">;

/**
 * Errors of the database after which the same file may succeed: transient ones, and a lock timeout
 * (55P03).
 */
export const transientForFiles: ReadonlySet<string> = new Set([...transientSqlStates, "55P03"]);

/**
 * Classifies a failed request by what the ledger shows, regardless of the error: if Hasura hides
 * internals no SQLSTATE arrives, and even a clear error does not prove that nothing happened. Pure.
 */
export function classifyOutcome(
  step: Step,
  run: string,
  expected: Expected,
  ledger: LedgerSnapshot,
  error: unknown,
): StepOutcome {
  const { generation } = expected;
  if (tookEffect(step, run, generation, ledger)) return { do: "done" };
  if (ledger.running) return classifyRunning(step, run, ledger.running);
  const state = sqlstateOf(error);
  if (ledger.holder && (isTransient(error) || state === sqlstate.busy || state === undefined))
    return waitForHolder(step, expected, ledger.holder, error);
  return classifyUndone(step, run, expected, ledger, error);
}

/** The migration did not take effect, and nothing is running. */
function classifyUndone(
  step: Step,
  run: string,
  expected: Expected,
  ledger: LedgerSnapshot,
  error: unknown,
): StepOutcome {
  if (ledger.cancelAsked) return { do: "cancelled" };
  if (isAlreadyDone(step, ledger)) return { do: "skipped", reason: "another run did it" };
  const state = sqlstateOf(error);
  if (
    ledger.generation !== expected.generation ||
    state === sqlstate.moved ||
    isGenerationLost(run, expected, ledger)
  )
    return { do: "replan", reason: "another run changed the ledger" };
  if (state === sqlstate.busy) return { do: "again" };
  const mayRepeat = isTransient(error) || (state !== undefined && transientForFiles.has(state));
  return { do: mayRepeat && !step.noTransaction ? "again" : "failed" };
}

/** True where the ledger holds the step as this run's, at the generation that it was to make. */
export function tookEffect(
  step: Step,
  run: string,
  generation: bigint,
  ledger: LedgerSnapshot,
): boolean {
  const made = generation + 1n;
  if (step.direction === "down") return ledger.gone.get(step.version) === made;
  const row = ledger.applied.get(step.version);
  return row?.generation === made && row.run === run;
}

/**
 * A commit of this run was confirmed and did not happen, and another run has made that generation
 * since.
 */
function isGenerationLost(
  run: string,
  { generation, ownGeneration }: Expected,
  ledger: LedgerSnapshot,
): boolean {
  return (
    ownGeneration &&
    [...ledger.applied.values()].some((row) => row.generation === generation && row.run !== run)
  );
}

/** True where the database is already as the step would leave it. */
function isAlreadyDone(step: Step, ledger: LedgerSnapshot): boolean {
  return ledger.applied.has(step.version) === (step.direction === "up");
}

function waitForHolder(
  step: Step,
  { generation, inFlightUpTo }: Expected,
  holder: NonNullable<LedgerSnapshot["holder"]>,
  error: unknown,
): StepOutcome {
  const pid = String(holder.pid);
  if (isTransient(error) || generation < inFlightUpTo) {
    const state = holder.state ?? "state unknown";
    const message = `${step.version} may still be running (pid ${pid}, ${state})`;
    return { do: "wait", for: "outcome", message };
  }
  const message = `another run is in the middle of a migration (pid ${pid})`;
  return { do: "wait", for: "lock", message };
}

function classifyRunning(
  step: Step,
  run: string,
  running: { version: Version; run: string; alive: boolean; pid: number },
): StepOutcome {
  const isThisStep = running.version === step.version && running.run === run;
  if (running.alive) {
    const message = `${running.version} is running outside our transaction (pid ${String(running.pid)})`;
    return { do: "wait", for: isThisStep ? "outcome" : "lock", message };
  }
  return isThisStep
    ? { do: "interrupted" }
    : { do: "replan", reason: `${running.version} was interrupted` };
}

/** The SQLSTATE of a failed request, where Hasura passes it on. */
export function sqlstateOf(error: unknown): string | undefined {
  return error instanceof HasuraCallError ? error.database?.sqlstate : undefined;
}
