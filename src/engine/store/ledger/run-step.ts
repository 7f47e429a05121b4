import { databaseOption } from "../database-option.ts";
import { Failure } from "../../../protocol/failure.ts";
import type { Step, StepResult } from "../store.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { advance, sendStep, type Position, type SendResult } from "./send-step.ts";
import { readLedger, isTransient, mostTries, pauseMs } from "./client.ts";
import { pastDeadline } from "./deadline.ts";
import type { LedgerContext } from "./context.ts";
import { classifyOutcome, type StepOutcome } from "./classify-outcome.ts";
import { emit } from "../../emit.ts";

type Known = Exclude<StepOutcome, { do: "wait" }>;

/** Longest pause between two looks at something that is still at work. */
const longestLookMs = 4000;
/** A try that took this long is not repeated for a lock: whoever blocks is not passing by. */
const shortTryMs = 30_000;
const mostLockTries = 6;

/** A notice. */
export const answerLost = "Hasura's answer was lost; the ledger shows that it took effect";

/**
 * Runs one migration in its frame and does not come back before it is known how it ended, as long as the ledger can be asked:
 * a lost answer is looked up, not guessed. `first`: what came of a request that has been sent for it already.
 */
export async function runLedgerStep(
  step: Step,
  position: Position,
  context: LedgerContext,
  first?: SendResult,
): Promise<StepResult> {
  let sent = first;
  for (let tries = 0, lockTries = 0; ; sent = undefined) {
    const startedAt = context.engine.now();
    sent ??= await sendStep(step, position, context);
    if (sent.ok) {
      advance(position);
      return { outcome: "done", notices: sent.left.flatMap(({ notices }) => notices) };
    }
    const { error } = sent;
    const next = await settle(step, position, context, error);
    if ("lost" in next) return { outcome: "unknown", error: next.lost };
    if (sent.late && (next.do === "failed" || next.do === "again")) {
      return { outcome: "failed", error: pastDeadline(step, context.environment, error) };
    }
    if (next.do !== "again") return ended(next, step, position, context, error);
    const isLock = sqlstateOf(error) === "55P03";
    if (isLock) lockTries += 1;
    tries += 1;
    const tooLong =
      isLock &&
      (lockTries >= mostLockTries ||
        context.engine.now() - startedAt >= shortTryMs ||
        step.settings?.retry === false);
    if (
      tooLong ||
      tries > mostTries ||
      context.engine.stop.aborted ||
      context.engine.remainingMs() < 60_000
    )
      return { outcome: "failed", error };
    await pause(step, tries, isLock, context);
  }
}

/** Looks until nothing is at work any more, and says what it waits for. */
async function settle(
  step: Step,
  position: Position,
  context: LedgerContext,
  error: unknown,
): Promise<Known | { readonly lost: unknown }> {
  const startedAt = context.engine.now();
  const of = {
    database: step.database.name,
    version: step.version,
    name: step.name,
    direction: step.direction,
  };
  let said = false;
  for (let looks = 0; ; looks += 1) {
    let next: StepOutcome;
    try {
      next = classifyOutcome(
        step,
        context.request.runId,
        position,
        await readLedger(context),
        error,
      );
    } catch (lost) {
      return { lost };
    }
    if (next.do !== "wait") return next;
    if (!said && next.for === "outcome") {
      await emit(context.engine, {
        type: "migration.unknown",
        ...of,
        reason: "the answer was lost; looking in the database what became of it",
      });
      said = true;
    }
    const waitedMs = context.engine.now() - startedAt;
    await emit(context.engine, {
      type: "waiting",
      reason: next.for,
      message: next.message,
      waitedMs,
    });
    if (context.engine.remainingMs() < 15_000 || (next.for === "lock" && waitedMs > context.waitMs))
      return { lost: error };
    await context.engine.sleep(Math.min(longestLookMs, 250 * 2 ** looks));
  }
}

async function pause(
  step: Step,
  tries: number,
  isLock: boolean,
  context: LedgerContext,
): Promise<void> {
  const ms = pauseMs(tries, context.engine.random);
  const message = isLock
    ? `${step.version} waits for a lock that another session holds`
    : `Hasura did not answer; ${step.version} has not run and is sent again`;
  await emit(context.engine, {
    type: "waiting",
    reason: isLock ? "lock" : "hasura",
    message,
    waitedMs: ms,
  });
  await context.engine.sleep(ms, context.engine.stop).catch(() => undefined);
}

function ended(
  next: Known,
  step: Step,
  position: Position,
  context: LedgerContext,
  error: unknown,
): StepResult {
  switch (next.do) {
    case "done":
      advance(position);
      return { outcome: "done", notices: isTransient(error) ? [answerLost] : [] };
    case "skipped":
    case "replan":
      return { outcome: "replan", reason: next.reason };
    case "cancelled":
      return { outcome: "cancelled" };
    case "interrupted":
      return { outcome: "failed", error: brokenOff(step, context.environment, error) };
    default:
      return { outcome: "failed", error };
  }
}

/** A file that committed a part of itself: only a person can say how the database stands now. */
function brokenOff(step: Step, environment: string, error: unknown): Failure {
  const database = error instanceof HasuraCallError ? error.database : undefined;
  const said =
    database?.message === undefined
      ? ""
      : `: ${database.message}${database.sqlstate === undefined ? "" : ` (SQLSTATE ${database.sqlstate})`}`;
  const where = databaseOption(step.database.name);
  return new Failure(
    "migration",
    "interrupted",
    `${step.version}_${step.name} broke off${said}. What it had committed by then stays.`,
    {
      hints: [
        "look at the database, bring it to where the file begins or ends, then say which:",
        `hasura-migrate mark ${environment} ${step.version} --applied${where}`,
        `hasura-migrate mark ${environment} ${step.version} --pending${where}`,
      ],
      cause: error,
    },
  );
}

function sqlstateOf(error: unknown): string | undefined {
  return error instanceof HasuraCallError ? error.database?.sqlstate : undefined;
}
