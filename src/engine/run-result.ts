import { cleanText } from "../clean-text.ts";
import { toFailureData } from "../protocol/failure.ts";
import type { RunEnd } from "./store/store.ts";

/** Why a run ended before its plan was done. */
export type RunStop =
  | { readonly stop: "failed"; readonly failure: unknown }
  /** To be continued in another invocation. */
  | { readonly stop: "paused"; readonly reason: string }
  | { readonly stop: "cancelled" };

/** How a run ended; without `stop` it did everything that was planned. */
export interface RunResult {
  readonly applied: number;
  readonly notReached: number;
  readonly stop?: RunStop;
}

export const nothingDone: RunResult = { applied: 0, notReached: 0 };

/** The result of a run that failed before it changed anything. */
export function failedRun(failure: unknown): RunResult {
  return { ...nothingDone, stop: { stop: "failed", failure } };
}

/** Characters of a failure's message that the ledger keeps. */
const longestFailure = 2000;

/** How the run is closed in the migration store. A paused run stays open: its client continues it. */
export function runEnd({ stop }: RunResult): RunEnd {
  if (stop?.stop !== "failed") return { outcome: stop?.stop ?? "finished" };
  const { kind, code, message } = toFailureData(stop.failure);
  return { outcome: `${kind}/${code}`, failure: cleanText(message, longestFailure) };
}
