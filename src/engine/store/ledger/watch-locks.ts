import * as z from "zod";
import { emit } from "../../emit.ts";
import type { SqlResult } from "../../hasura/client.ts";
import { describeLockHolders, type LockHolder } from "../../hasura/lock-holders.ts";
import type { Step } from "../store.ts";
import { sendQuery } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { lockHoldersSql } from "./statements.ts";

/** Often enough that a wait of the default lock timeout is seen. */
const longestPauseMs = 2000;
const shortestPauseMs = 100;
/** The same sessions are reported again after this. */
const repeatMs = 10_000;
/** Nothing runs longer than a function. */
const longestMs = 15 * 60_000;

/** Milliseconds between two queries, so that a wait of the steps' lock timeout spans one. */
export function lockLookEveryMs(steps: readonly Pick<Step, "settings">[]): number {
  const timeouts = steps.flatMap(({ settings }) => {
    const ms = Number.parseInt(settings?.lockTimeout ?? "", 10);
    return ms > 0 ? [ms] : [];
  });
  return Math.max(shortestPauseMs, Math.min(longestPauseMs, ...timeouts.map((ms) => ms / 2)));
}

/**
 * Runs `work`, one request to Hasura, and looks by another connection whether a migration's session waits for a lock: after
 * the request has failed, nobody can find out whose it was. Emits who holds the lock, and passes it to `onLook`: none where
 * nothing was waited for at the last look.
 */
export async function whileLocksWatched<T>(
  context: LedgerContext,
  everyMs: number,
  work: () => Promise<T>,
  onLook: (holders: readonly LockHolder[]) => void,
): Promise<T> {
  const answered = new AbortController();
  void watch(context, everyMs, answered.signal, onLook);
  try {
    return await work();
  } finally {
    answered.abort();
  }
}

async function watch(
  context: LedgerContext,
  everyMs: number,
  answered: AbortSignal,
  onLook: (holders: readonly LockHolder[]) => void,
): Promise<void> {
  const { engine } = context;
  const isAnswered = (): boolean => answered.aborted;
  const startedAt = engine.now();
  let reported = { sessions: "", atMs: 0 };
  for (let look = 1; look * everyMs <= longestMs; look += 1) {
    const sleptFrom = engine.now();
    await engine.sleep(everyMs, answered).catch(() => undefined);
    // The wait was cut short; a timer may be early by a fraction of a millisecond.
    if (isAnswered() || engine.now() - sleptFrom < everyMs / 2) return;
    const holders = await lookForHolders(context);
    if (isAnswered()) return;
    if (!holders) continue;
    onLook(holders);
    const waitedMs = engine.now() - startedAt;
    const sessions = holders.map(({ pid }) => pid).join();
    const isRepeated =
      sessions === reported.sessions && waitedMs - reported.atMs < repeatMs - everyMs / 2;
    if (holders.length === 0 || isRepeated) continue;
    reported = { sessions, atMs: waitedMs };
    const message = `waiting for a lock that ${describeLockHolders(holders)} holds`;
    await emit(engine, { type: "waiting", reason: "lock", message, waitedMs });
  }
}

/** Undefined where it cannot be found out, as in an older ledger. */
async function lookForHolders(context: LedgerContext): Promise<LockHolder[] | undefined> {
  try {
    return readLockHolders(await sendQuery(context, lockHoldersSql));
  } catch {
    return undefined;
  }
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

/** Reads the answer to `lockHoldersSql`. Throws ZodError for anything else. */
export function readLockHolders(result: SqlResult): LockHolder[] {
  return z.array(Holder).parse(JSON.parse(result.rows[0]?.[0] ?? "null"));
}
