import type { Version } from "../../../protocol/migration.ts";
import type { Step } from "../store.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { isTransient, transientSqlStates } from "./client.ts";
import { sqlstate } from "./functions.ts";
import type { LedgerSnapshot } from "./snapshot.ts";

/**
 * What to do after a migration's request did not succeed. `done`: it took effect all the same · `skipped`: somebody else did it ·
 * `wait`: it, or another run, is still at work · `again`: nothing happened, send it again · `replan`: the books moved ·
 * `failed`: the database refused it · `interrupted`: it committed by itself and broke off.
 */
export type StepOutcome =
  | { readonly do: "done" | "again" | "failed" | "interrupted" | "cancelled" }
  | { readonly do: "skipped" | "replan"; readonly reason: string }
  | { readonly do: "wait"; readonly for: "outcome" | "lock"; readonly message: string };

interface Expected {
  readonly generation: bigint;
  readonly mine: boolean;
  /** Below this generation it may be a request of ours that is at work, whose answer was lost. */
  readonly lostUpTo: bigint;
}

/** Errors of the database after which the same file may well succeed: what passes by itself, and a lock time-out. */
export const transientForFiles: ReadonlySet<string> = new Set([...transientSqlStates, "55P03"]);

/**
 * Reads the ledger after a request failed, whatever the error said: where Hasura hides internals no SQLSTATE arrives, and even a
 * clear error is no proof. Pure. `expected` is the generation that the request expected to find, and whether this run had made it.
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
  const state = error instanceof HasuraCallError ? error.database?.sqlstate : undefined;
  if (ledger.running) return ofRunning(step, run, ledger.running);
  if (ledger.holder && (isTransient(error) || state === sqlstate.busy || state === undefined)) {
    const pid = String(ledger.holder.pid);
    return isTransient(error) || generation < expected.lostUpTo
      ? {
          do: "wait",
          for: "outcome",
          message: `${step.version} may still be at work (pid ${pid}, ${ledger.holder.state ?? "state unknown"})`,
        }
      : {
          do: "wait",
          for: "lock",
          message: `another run is in the middle of a migration (pid ${pid})`,
        };
  }
  if (ledger.cancelAsked) return { do: "cancelled" };
  if (isThere(step, ledger)) return { do: "skipped", reason: `another run did it` };
  if (
    ledger.generation !== generation ||
    state === sqlstate.moved ||
    isTaken(run, expected, ledger)
  )
    return { do: "replan", reason: "another run changed the books" };
  if (state === sqlstate.busy) return { do: "again" };
  if (isTransient(error) || (state !== undefined && transientForFiles.has(state)))
    return { do: step.noTransaction ? "failed" : "again" };
  return { do: "failed" };
}

/** True where the ledger holds the step as this run's, at the generation it was to make. */
export function tookEffect(
  step: Step,
  run: string,
  generation: bigint,
  ledger: LedgerSnapshot,
): boolean {
  const mine = generation + 1n;
  if (step.direction === "down") return ledger.gone.get(step.version) === mine;
  const row = ledger.applied.get(step.version);
  return row?.generation === mine && row.run === run;
}

/** A commit of ours that was answered did not happen, and another run has made that generation since. */
function isTaken(run: string, { generation, mine }: Expected, ledger: LedgerSnapshot): boolean {
  return (
    mine &&
    [...ledger.applied.values()].some((row) => row.generation === generation && row.run !== run)
  );
}

/** True where the database already stands as the step would leave it. */
function isThere(step: Step, ledger: LedgerSnapshot): boolean {
  return ledger.applied.has(step.version) === (step.direction === "up");
}

function ofRunning(
  step: Step,
  run: string,
  running: { version: Version; run: string; alive: boolean; pid: number },
): StepOutcome {
  const mine = running.version === step.version && running.run === run;
  if (running.alive) {
    const message = `${running.version} is at work on its own, outside our transaction (pid ${String(running.pid)})`;
    return { do: "wait", for: mine ? "outcome" : "lock", message };
  }
  return mine
    ? { do: "interrupted" }
    : { do: "replan", reason: `${running.version} was interrupted` };
}
