import { cleanText } from "../clean-text.ts";
import { toFailureData, type FailureData } from "../protocol/failure.ts";
import type { RunEnd } from "./store/store.ts";

/** Returns a failure with the position of the failing statement, or as it is. */
export type Locate = (failure: unknown) => Promise<unknown>;

/** Why a run ended before its plan was done. */
export type RunStop =
  | {
      readonly stop: "failed";
      readonly failure: unknown;
      /** Adds the position of the failing statement; called when the run has been closed. Never rejects. */
      readonly locate?: Locate;
    }
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
  const data = toFailureData(stop.failure);
  return {
    outcome: `${data.kind}/${data.code}`,
    failure: cleanText(failureText(data), longestFailure),
  };
}

/** `add_discounts: type "numerc" does not exist (SQLSTATE 42704; migrations/default/1700_add_discounts/up.sql)`. */
function failureText({ message, sql }: FailureData): string {
  const name = sql?.file === undefined ? undefined : nameOfFile(sql.file);
  if (!sql || name === undefined) return message;
  const state = sql.sqlstate === undefined ? "" : `SQLSTATE ${sql.sqlstate}; `;
  return `${name}: ${sql.message} (${state}${sql.file ?? name})`;
}

/** The migration's name in a path such as `…/1700_add_discounts/up.sql` or `…/1700_add_discounts.up.sql`. */
function nameOfFile(path: string): string | undefined {
  return path
    .split("/")
    .slice(-2)
    .flatMap((part) => /^\d+_(.+?)(\.(up|down)\.sql)?$/.exec(part)?.[1] ?? [])
    .at(-1);
}
