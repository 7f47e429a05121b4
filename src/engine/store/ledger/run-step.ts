import { exponentialBackoff, poll, retry } from "../../../retry.ts";
import { Failure } from "../../../protocol/failure.ts";
import { runHint, textHint } from "../../../protocol/hint.ts";
import { emit } from "../../emit.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { describeLockHolders, type LockHolder } from "../../hasura/lock-holders.ts";
import { activityHint, databaseArgs, markHint } from "../hints.ts";
import type { Step, StepResult } from "../store.ts";
import { classifyOutcome, sqlstateOf, type StepOutcome } from "./classify-outcome.ts";
import { isHidden, isTransient, maxRetries, readLedger, sendQuery } from "./client.ts";
import { sqlstate } from "./constants.ts";
import type { LedgerContext } from "./context.ts";
import { deadlineFailure } from "./deadline.ts";
import { fullName, shortName, type LedgerStep } from "./ledger-step.ts";
import { advance, type LedgerPosition } from "./position.ts";
import { sendStep, type SendResult } from "./send-step.ts";
import { keepAliveSql } from "./statements.ts";

type FinalOutcome =
  | Exclude<StepOutcome, { do: "wait" }>
  /** It was refused, and nothing of it was run. */
  | { readonly do: "busy"; readonly holder: string };

/**
 * An attempt that took this long is not repeated for a lock: its holder will not release it soon.
 */
const maxLockAttemptMs = 30_000;
const maxLockAttempts = 6;
/** Do not resend a migration with less than this much time left. */
const minRetryMs = 60_000;
/** Do not wait with less than this much time left. */
const minWaitMs = 15_000;

/** The notice of a migration whose answer was lost. */
export const answerLostNotice = "Hasura's response was lost; the ledger shows that it took effect";

/** Nothing happened in this attempt: the migration may be sent again. */
class NothingHappened extends Error {
  readonly reason: unknown;
  readonly tookMs: number;
  readonly isLock: boolean;
  readonly lockHolders: readonly LockHolder[];

  constructor(reason: unknown, tookMs: number, lockHolders: readonly LockHolder[]) {
    super("nothing happened");
    this.reason = reason;
    this.tookMs = tookMs;
    this.isLock = isLockTimeout(reason, lockHolders);
    this.lockHolders = lockHolders;
  }
}

/**
 * True for a lock time-out. Where Hasura hides the database's error, it is what most likely ends a request that was waiting for
 * a lock when it was last looked at; sending a file again whose transaction was rolled back does no harm.
 */
function isLockTimeout(error: unknown, lockHolders: readonly LockHolder[]): boolean {
  return sqlstateOf(error) === "55P03" || (isHidden(error) && lockHolders.length > 0);
}

/**
 * Runs one migration or seed in its frame and returns when it is known how it ended, as long as the ledger
 * can be read: a lost answer is looked up, not guessed. `first`: the result of a request that has
 * been sent for it already.
 */
export async function runLedgerStep(
  step: LedgerStep,
  position: LedgerPosition,
  context: LedgerContext,
  first?: SendResult,
): Promise<StepResult> {
  const { engine } = context;
  let lockAttempts = 0;
  try {
    return await retry(
      (attempt) => attemptStep(step, position, context, attempt === 1 ? first : undefined),
      {
        backoff: exponentialBackoff({ firstMs: 1000, longestMs: 15_000, random: engine.random }),
        shouldRetry: (thrown, attempt) => {
          if (!(thrown instanceof NothingHappened)) return false;
          if (thrown.isLock) lockAttempts += 1;
          const isBlocked =
            thrown.isLock &&
            (lockAttempts >= maxLockAttempts ||
              thrown.tookMs >= maxLockAttemptMs ||
              step.settings?.retry === false);
          return (
            !isBlocked &&
            attempt <= maxRetries &&
            !engine.stop.aborted &&
            engine.remainingMs() >= minRetryMs
          );
        },
        onRetry: async (thrown, _attempt, delayMs) => {
          await emitRetry(step, thrown, delayMs, context);
          // What a failed attempt recorded is rolled back: without this, other runs would take this one for dead.
          if (thrown instanceof NothingHappened && thrown.isLock)
            await sendQuery(context, keepAliveSql(context.description)).catch(() => undefined);
        },
        // A stop ends the wait: the attempt that follows is the last one.
        sleep: (ms) => engine.sleep(ms, engine.stop).catch(() => undefined),
      },
    );
  } catch (thrown) {
    if (thrown instanceof NothingHappened)
      return { outcome: "failed", error: thrown.reason, lockHolders: thrown.lockHolders };
    throw thrown;
  }
}

/** Sends the step once and finds out how it ended. Throws `NothingHappened`. */
async function attemptStep(
  step: LedgerStep,
  position: LedgerPosition,
  context: LedgerContext,
  alreadySent: SendResult | undefined,
): Promise<StepResult> {
  const startedAt = context.engine.now();
  const sent = alreadySent ?? (await sendStep(step, position, context));
  if (sent.ok) {
    advance(position);
    return { outcome: "done", notices: sent.receipts.flatMap(({ notices }) => notices) };
  }
  const { error, lockHolders } = sent;
  const outcome = await findOutcome(step, position, context, error);
  if ("unreadable" in outcome) return { outcome: "unknown", error: outcome.unreadable };
  if (sent.late && (outcome.do === "failed" || outcome.do === "again"))
    return { outcome: "failed", error: deadlineFailure(step, context.environment, sent) };
  const isHiddenLock =
    outcome.do === "failed" && !step.noTransaction && isLockTimeout(error, lockHolders);
  if (outcome.do === "again" || isHiddenLock)
    throw new NothingHappened(error, context.engine.now() - startedAt, lockHolders);
  const result = toStepResult(outcome, step, position, context, error);
  return result.outcome === "failed" ? { ...result, lockHolders } : result;
}

/** Reads the ledger until nothing is running any more; emits what it waits for. */
async function findOutcome(
  step: LedgerStep,
  position: LedgerPosition,
  context: LedgerContext,
  error: unknown,
): Promise<FinalOutcome | { readonly unreadable: unknown }> {
  const { engine, request } = context;
  const startedAt = engine.now();
  let announced = false;
  return poll<FinalOutcome | { readonly unreadable: unknown }>(
    async () => {
      let outcome: StepOutcome;
      try {
        const ledger = await readLedger(context);
        outcome = classifyOutcome(step, request.runId, position, ledger, error);
      } catch (unreadable) {
        return { done: true, value: { unreadable } };
      }
      if (outcome.do !== "wait") return { done: true, value: outcome };
      if (!announced && outcome.for === "outcome") await emitUnknown(step, context);
      announced ||= outcome.for === "outcome";
      const waitedMs = engine.now() - startedAt;
      const { for: reason, message } = outcome;
      await emit(engine, { type: "waiting", reason, message, waitedMs });
      if (outcome.for === "lock" && outcome.isOver && wasCancelled(engine.stop))
        return { done: true, value: { do: "cancelled" } };
      if (engine.remainingMs() >= minWaitMs && !isTooLong(outcome, waitedMs, context))
        return { done: false };
      return { done: true, value: endOfWait(outcome, error) };
    },
    { backoff: exponentialBackoff({ firstMs: 250, longestMs: 4000 }), sleep: engine.sleep },
  );
}

/** A rehearsal ends by itself, within a minute. */
function isTooLong(
  outcome: Extract<StepOutcome, { do: "wait" }>,
  waitedMs: number,
  { waitMs }: LedgerContext,
): boolean {
  return outcome.for === "lock" && !outcome.isRehearsal && waitedMs > waitMs;
}

function endOfWait(
  outcome: Extract<StepOutcome, { do: "wait" }>,
  error: unknown,
): FinalOutcome | { readonly unreadable: unknown } {
  return outcome.for === "lock" && outcome.isOver
    ? { do: "busy", holder: outcome.holder }
    : { unreadable: error };
}

/** False near the function's end, where a run is paused or continues to its end. */
function wasCancelled(stop: AbortSignal): boolean {
  return stop.aborted && stop.reason !== "deadline";
}

function emitUnknown(step: LedgerStep, { engine }: LedgerContext): Promise<void> {
  const database = step.database.name;
  const reason = "the response was lost; reading the outcome from the database";
  if (step.direction === "seed")
    return emit(engine, { type: "seed.unknown", database, seed: step.name, reason });
  const { version, name, direction } = step;
  return emit(engine, { type: "migration.unknown", database, version, name, direction, reason });
}

function emitRetry(
  step: LedgerStep,
  thrown: unknown,
  waitedMs: number,
  { engine }: LedgerContext,
): Promise<void> {
  // The wait for the other session has been reported.
  if (thrown instanceof NothingHappened && sqlstateOf(thrown.reason) === sqlstate.busy)
    return Promise.resolve();
  if (!(thrown instanceof NothingHappened && thrown.isLock)) {
    const message = `Hasura did not respond; ${shortName(step)} did not run and will be sent again`;
    return emit(engine, { type: "waiting", reason: "hasura", message, waitedMs });
  }
  const { lockHolders } = thrown;
  const who = lockHolders.length > 0 ? describeLockHolders(lockHolders) : "another session";
  const message = `${shortName(step)} is waiting for a lock that ${who} holds`;
  return emit(engine, { type: "waiting", reason: "lock", message, waitedMs });
}

function toStepResult(
  outcome: FinalOutcome,
  step: LedgerStep,
  position: LedgerPosition,
  context: LedgerContext,
  error: unknown,
): StepResult {
  switch (outcome.do) {
    case "done":
      advance(position);
      return { outcome: "done", notices: isTransient(error) ? [answerLostNotice] : [] };
    case "skipped":
    case "replan":
      return { outcome: "replan", reason: outcome.reason };
    case "cancelled":
      return { outcome: "cancelled" };
    case "busy":
      return { outcome: "busy", holder: outcome.holder };
    case "interrupted":
      return {
        outcome: "failed",
        // A seed cannot be: nothing of it is outside of its transaction.
        error:
          step.direction === "seed" ? error : interruptedFailure(step, context.environment, error),
      };
    default:
      return { outcome: "failed", error };
  }
}

/** A file that committed part of itself: only a person can decide what state the database is in. */
function interruptedFailure(step: Step, environment: string, error: unknown): Failure {
  const target = { environment, database: step.database.name, versions: [step.version] };
  return new Failure(
    "migration",
    "interrupted",
    `${fullName(step)} was interrupted${describeDatabaseError(error)}. Anything it had already committed remains.`,
    {
      hints: [
        textHint(
          "Find out what it has done. Finish the file's changes by hand, or undo them; then record the result.",
        ),
        runHint(
          ["status", environment, ...databaseArgs(step.database.name)],
          "to see which of the tables, columns and indexes that it creates exist",
        ),
        activityHint(
          { environment, database: step.database.name },
          "to see whether it is still running",
        ),
        markHint(target, "applied", "if you finished them"),
        markHint(target, "pending", "if you undid them"),
      ],
      cause: error,
    },
  );
}

function describeDatabaseError(error: unknown): string {
  const { message, sqlstate } =
    (error instanceof HasuraCallError ? error.database : undefined) ?? {};
  if (message === undefined) return "";
  return sqlstate === undefined ? `: ${message}` : `: ${message} (SQLSTATE ${sqlstate})`;
}
