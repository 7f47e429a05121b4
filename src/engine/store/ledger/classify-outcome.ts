import type { Version } from "../../../protocol/migration.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { isTransient, transientSqlStates } from "./client.ts";
import { sqlstate } from "./constants.ts";
import { shortName, type LedgerStep } from "./ledger-step.ts";
import type { LedgerPosition } from "./position.ts";
import { describeLockedBy, type LedgerSnapshot, type LockedBy } from "./snapshot.ts";

/**
 * What to do after a migration's request failed. `done`: it took effect anyway · `skipped`: another
 * run did it · `wait`: it, or another run, is still working · `again`: nothing happened, send it
 * again · `replan`: the ledger changed · `failed`: the database refused it · `interrupted`: it
 * had its own COMMIT and did not reach its end.
 */
export type StepOutcome =
  | { readonly do: "done" | "again" | "failed" | "interrupted" | "cancelled" }
  | { readonly do: "skipped" | "replan"; readonly reason: string }
  | { readonly do: "wait"; readonly for: "outcome"; readonly message: string }
  | LockWait;

/** Another session keeps the migration from starting. */
export interface LockWait {
  readonly do: "wait";
  readonly for: "lock";
  readonly message: string;
  /** Who it is, for messages. */
  readonly holder: string;
  /** It is a rehearsal, which ends by itself. */
  readonly isRehearsal: boolean;
  /** The request has ended, and nothing of it took effect. False if it has not been answered and may still begin. */
  readonly isOver: boolean;
}

/** What the request expected to find. */
type Expected = Pick<LedgerPosition, "generation" | "ownGeneration" | "inFlightUpTo">;

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
  step: LedgerStep,
  run: string,
  expected: Expected,
  ledger: LedgerSnapshot,
  error: unknown,
): StepOutcome {
  const { generation } = expected;
  if (tookEffect(step, run, generation, ledger)) return { do: "done" };
  if (ledger.running) return classifyRunning(step, run, ledger.running, isOver(expected, error));
  const state = sqlstateOf(error);
  if (ledger.holder && (isTransient(error) || state === sqlstate.busy || state === undefined))
    return waitForHolder(step, expected, ledger.holder, error);
  return classifyUndone(step, run, expected, ledger, error);
}

/** The migration did not take effect, and nothing is running. */
function classifyUndone(
  step: LedgerStep,
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
  step: LedgerStep,
  run: string,
  generation: bigint,
  ledger: LedgerSnapshot,
): boolean {
  const made = generation + 1n;
  // The seeds of a snapshot are those of the run that asked.
  if (step.direction === "seed") return ledger.seeds.get(made) === step.name;
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

/** True where the database is already as the step would leave it. A seed that another run has run since may still have to be run. */
function isAlreadyDone(step: LedgerStep, ledger: LedgerSnapshot): boolean {
  return (
    step.direction !== "seed" && ledger.applied.has(step.version) === (step.direction === "up")
  );
}

function waitForHolder(
  step: LedgerStep,
  expected: Expected,
  holder: LockedBy,
  error: unknown,
): StepOutcome {
  const pid = String(holder.pid);
  const over = isOver(expected, error);
  if (holder.rehearsal) {
    // Even without an answer: the migration is not in the middle of its transaction, because the rehearsal has the lock.
    const who = describeLockedBy(holder);
    const message = `${shortName(step)} is waiting for ${who}`;
    return lockWait({ message, holder: who, isRehearsal: true, isOver: over });
  }
  if (!over) {
    const state = holder.state ?? "state unknown";
    const message = `${shortName(step)} may still be running (pid ${pid}, ${state})`;
    return { do: "wait", for: "outcome", message };
  }
  const message = `another run is in the middle of a migration (pid ${pid})`;
  const who = describeLockedBy(holder);
  return lockWait({ message, holder: who, isRehearsal: false, isOver: true });
}

function lockWait(wait: Omit<LockWait, "do" | "for">): LockWait {
  return { do: "wait", for: "lock", ...wait };
}

/** True if no request for the step is without an answer. */
function isOver({ generation, inFlightUpTo }: Expected, error: unknown): boolean {
  return !isTransient(error) && generation >= inFlightUpTo;
}

function classifyRunning(
  step: LedgerStep,
  run: string,
  running: { version: Version; run: string; alive: boolean; pid: number },
  over: boolean,
): StepOutcome {
  const isThisStep =
    step.direction !== "seed" && running.version === step.version && running.run === run;
  if (running.alive) {
    const holder = `${running.version} is running outside our transaction (pid ${String(running.pid)})`;
    if (isThisStep) return { do: "wait", for: "outcome", message: holder };
    return lockWait({ message: holder, holder, isRehearsal: false, isOver: over });
  }
  return isThisStep
    ? { do: "interrupted" }
    : { do: "replan", reason: `${running.version} was interrupted` };
}

/** The SQLSTATE of a failed request, where Hasura passes it on. */
export function sqlstateOf(error: unknown): string | undefined {
  return error instanceof HasuraCallError ? error.database?.sqlstate : undefined;
}
