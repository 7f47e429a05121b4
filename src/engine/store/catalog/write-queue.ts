import type { Version } from "../../../protocol/migration.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import type { StateChange, VersionChange, VersionStore } from "./version-store.ts";

export interface WriteQueueOptions {
  readonly sleep: (ms: number) => Promise<void>;
  /** 0 to 1, spreads the pauses between tries. */
  readonly random: () => number;
  /** Milliseconds; without it every `note` waits for the end. */
  readonly now?: () => number;
}

/** What could not be written. */
export interface Unwritten {
  readonly changes: readonly StateChange[];
  readonly cause: unknown;
}

/** Writes versions behind the run's back: one write in flight, later changes go together in the next one. */
export interface WriteQueue {
  /** Takes changes that are true together, and returns at once. */
  record(...changes: readonly StateChange[]): void;
  /**
   * Takes changes that other books hold safely already: written together with those of the last second or so, since every write
   * costs Hasura the whole document.
   */
  note(...changes: readonly StateChange[]): void;
  /** Waits until nothing is left to write. Answers what could not be written, and has by then tried several times. */
  settle(): Promise<Unwritten | undefined>;
  /** What has failed so far, without waiting. */
  unwritten(): Unwritten | undefined;
}

const pausesMs = [200, 1000, 3000];
const noteEveryMs = 1000;

/** A writer for one store. Writes are repeated: a store's `write` is safe to repeat by its contract. */
export function createWriteQueue(
  store: Pick<VersionStore, "write">,
  options: WriteQueueOptions,
): WriteQueue {
  let waiting: StateChange[] = [];
  let failed: Unwritten | undefined;
  let running: Promise<void> | undefined;

  let writtenAt: number | undefined;

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      writtenAt = options.now?.();
      try {
        await persistently(() => store.write(changes), options);
        failed = undefined;
      } catch (cause) {
        failed = { changes: [...changes, ...waiting], cause };
        waiting = [];
      }
    }
    running = undefined;
  };

  const take = (changes: readonly StateChange[]): void => {
    waiting.push(
      ...(failed?.changes.filter((it) => !changes.some((change) => same(it, change))) ?? []),
      ...changes,
    );
    failed = undefined;
  };

  return {
    record: (...changes) => {
      take(changes);
      running ??= drain();
    },
    note: (...changes) => {
      take(changes);
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
    unwritten: () => failed,
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

async function persistently(
  write: () => Promise<void>,
  { sleep, random }: WriteQueueOptions,
): Promise<void> {
  for (const pause of pausesMs) {
    try {
      await write();
      return;
    } catch (error) {
      if (!mayPass(error)) throw error;
      await sleep(pause * (0.5 + random()));
    }
  }
  await write();
}

/** A refusal by Hasura itself stays one; lost answers, gateways and "too many" may pass. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof HasuraCallError)) return false;
  return error.outcome !== "rejected" || error.status === 429 || (error.status ?? 0) >= 500;
}

function same(a: StateChange, b: StateChange): boolean {
  const version = (change: StateChange): string | undefined =>
    "version" in change ? change.version : undefined;
  return a.database === b.database && version(a) === version(b);
}
