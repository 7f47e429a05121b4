import * as z from "zod";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import type { SqlResult } from "../hasura/client.ts";
import { describeLockHolders, type LockHolder } from "../hasura/lock-holders.ts";
import type { Step } from "./store.ts";
import { whileLooking } from "./while-looking.ts";

/** Often enough that a wait of the default lock timeout is seen. */
const longestPauseMs = 2000;
const shortestPauseMs = 100;
/** The same sessions are reported again after this. */
const repeatMs = 10_000;
/** Nothing runs longer than a function. */
const longestMs = 15 * 60_000;

/** Milliseconds between two queries: short enough that at least one falls within the steps' shortest lock timeout. */
export function lockLookEveryMs(steps: readonly Pick<Step, "settings">[]): number {
  const timeouts = steps.flatMap(({ settings }) => {
    const ms = Number.parseInt(settings?.lockTimeout ?? "", 10);
    return ms > 0 ? [ms] : [];
  });
  return Math.max(shortestPauseMs, Math.min(longestPauseMs, ...timeouts.map((ms) => ms / 2)));
}

/** Whom to ask who holds a lock, and how often. */
export interface LockLooks {
  readonly everyMs: number;
  /** The sessions that hold the lock that the request's session waits for. */
  readonly ask: () => Promise<SqlResult>;
  /** Receives what each look found: none where nothing was waited for. */
  readonly onLook?: (holders: readonly LockHolder[]) => void;
}

/**
 * Runs `work`, one request to Hasura, and looks whether its session waits for a lock: after the request has failed, nobody can
 * find out whose it was. Emits who holds the lock.
 */
export async function whileLocksWatched<T>(
  engine: EngineContext,
  { everyMs, ask, onLook }: LockLooks,
  work: () => Promise<T>,
): Promise<T> {
  let reported = { sessions: "", atMs: 0 };
  const looks = {
    pauseMs: (look: number) => (look * everyMs <= longestMs ? everyMs : undefined),
    leastPauseMs: everyMs / 2,
    ask: async () => readLockHolders(await ask()),
    found: async (holders: LockHolder[] | undefined, waitedMs: number) => {
      // It cannot be found out, as in an older ledger.
      if (!holders) return undefined;
      onLook?.(holders);
      const sessions = holders.map(({ pid }) => pid).join();
      const isRepeated =
        sessions === reported.sessions && waitedMs - reported.atMs < repeatMs - everyMs / 2;
      if (holders.length === 0 || isRepeated) return undefined;
      reported = { sessions, atMs: waitedMs };
      const message = `waiting for a lock that ${describeLockHolders(holders)} holds`;
      await emit(engine, { type: "waiting", reason: "lock", message, waitedMs });
      return undefined;
    },
  };
  return whileLooking(engine, looks, work);
}

/** A row of the function `lock_holders`: absent values are null. */
const Holder = z
  .record(z.string(), z.unknown())
  .transform((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))
  .pipe(
    z.object({
      pid: z.int(),
      application: z.string().optional(),
      user: z.string().optional(),
      state: z.string().optional(),
      process: z.string().optional(),
      openMs: z.number().optional(),
      waits: z.boolean(),
    }),
  );

/** Reads an answer of `LockLooks.ask`. Throws ZodError for anything else. */
export function readLockHolders(result: SqlResult): LockHolder[] {
  return z.array(Holder).parse(JSON.parse(result.rows[0]?.[0] ?? "null"));
}
