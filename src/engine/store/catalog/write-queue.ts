import { listedBackoff, retry } from "../../../retry.ts";
import type { Version } from "../../../protocol/migration.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import type { StateChange, VersionChange, VersionStore } from "./version-store.ts";

export interface WriteQueueOptions {
  readonly sleep: (ms: number) => Promise<void>;
  /** 0 to 1, spreads the delays between attempts. */
  readonly random: () => number;
  /** Milliseconds; without it every `note` waits for `settle`. */
  readonly now?: () => number;
}

/** Changes that could not be written. */
export interface FailedWrite {
  readonly changes: readonly StateChange[];
  readonly cause: unknown;
}

/**
 * Writes versions in the background: one write in flight, later changes together in the next one.
 */
export interface WriteQueue {
  /** Takes changes that are true together, and returns at once. */
  record(...changes: readonly StateChange[]): void;
  /**
   * Takes changes that the ledger already holds: written at most once a second, since every write
   * sends the whole document.
   */
  note(...changes: readonly StateChange[]): void;
  /**
   * Waits until nothing is left to write. Returns what could not be written after several attempts.
   */
  settle(): Promise<FailedWrite | undefined>;
  /** What has failed so far, without waiting. */
  failedWrite(): FailedWrite | undefined;
}

const delaysMs = [200, 1000, 3000] as const;
const noteEveryMs = 1000;

/** A write queue for one store, whose `write` is safe to repeat by its contract. */
export function createWriteQueue(
  store: Pick<VersionStore, "write">,
  options: WriteQueueOptions,
): WriteQueue {
  let waiting: StateChange[] = [];
  let failed: FailedWrite | undefined;
  let running: Promise<void> | undefined;
  let writtenAt: number | undefined;

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      writtenAt = options.now?.();
      try {
        await writeWithRetry(() => store.write(changes), options);
        failed = undefined;
      } catch (cause) {
        failed = { changes: [...changes, ...waiting], cause };
        waiting = [];
      }
    }
    running = undefined;
  };

  /** Changes that failed go along with the next ones, unless those replace them. */
  const enqueue = (changes: readonly StateChange[]): void => {
    const again = failed?.changes ?? [];
    waiting.push(
      ...again.filter((old) => !changes.some((change) => isReplacedBy(old, change))),
      ...changes,
    );
    failed = undefined;
  };

  return {
    record: (...changes) => {
      enqueue(changes);
      running ??= drain();
    },
    note: (...changes) => {
      enqueue(changes);
      const now = options.now?.();
      writtenAt ??= now;
      if (now !== undefined && writtenAt !== undefined && now - writtenAt >= noteEveryMs)
        running ??= drain();
    },
    settle: async () => {
      if (waiting.length > 0) running ??= drain();
      await running;
      return failed;
    },
    failedWrite: () => failed,
  };
}

/** The versions of one database among changes. */
export function versionsAmong(
  changes: readonly StateChange[],
  database: string,
  to: VersionChange["to"],
): Version[] {
  return changes.flatMap((change) =>
    "version" in change && change.database === database && change.to === to ? [change.version] : [],
  );
}

function writeWithRetry(
  write: () => Promise<void>,
  { sleep, random }: WriteQueueOptions,
): Promise<void> {
  return retry(write, {
    backoff: listedBackoff(delaysMs, random),
    shouldRetry: (error, attempt) => attempt <= delaysMs.length && isTransientForWrites(error),
    sleep,
  });
}

/**
 * A refusal by Hasura itself is final; lost answers, gateway errors and "too many requests" are
 * not.
 */
function isTransientForWrites(error: unknown): boolean {
  if (!(error instanceof HasuraCallError)) return false;
  return error.outcome !== "rejected" || error.status === 429 || (error.status ?? 0) >= 500;
}

function isReplacedBy(old: StateChange, change: StateChange): boolean {
  return old.database === change.database && subjectOf(old) === subjectOf(change);
}

function subjectOf(change: StateChange): string {
  return "version" in change ? change.version : "generation";
}
