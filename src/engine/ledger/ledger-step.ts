import { databaseOption } from "../database-option.ts";
import { Failure } from "../../protocol/failure.ts";
import type { Step, StepResult } from "../books.ts";
import { HasuraCallError } from "../hasura.ts";
import { advance, attempt, type Position, type Sent } from "./attempt.ts";
import { look, mayPass, mostTries, pauseMs } from "./connection.ts";
import { pastDeadline } from "./deadline.ts";
import type { LedgerContext } from "./context.ts";
import { verdict, type Next } from "./verdict.ts";
import { say } from "../say.ts";

type Known = Exclude<Next, { do: "wait" }>;

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
export async function runLedgerStep(step: Step, position: Position, context: LedgerContext, first?: Sent): Promise<StepResult> {
  let sent = first;
  for (let tries = 0, lockTries = 0; ; sent = undefined) {
    const startedAt = context.deps.now();
    sent ??= await attempt(step, position, context);
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
      isLock && (lockTries >= mostLockTries || context.deps.now() - startedAt >= shortTryMs || step.settings?.retry === false);
    if (tooLong || tries > mostTries || context.deps.stop.aborted || context.deps.remainingMs() < 60_000)
      return { outcome: "failed", error };
    await pause(step, tries, isLock, context);
  }
}

/** Looks until nothing is at work any more, and says what it waits for. */
async function settle(step: Step, position: Position, context: LedgerContext, error: unknown): Promise<Known | { readonly lost: unknown }> {
  const startedAt = context.deps.now();
  const of = { database: step.database.name, version: step.version, name: step.name, direction: step.direction };
  let said = false;
  for (let looks = 0; ; looks += 1) {
    let next: Next;
    try {
      next = verdict(step, context.request.runId, position, await look(context), error);
    } catch (lost) {
      return { lost };
    }
    if (next.do !== "wait") return next;
    if (!said && next.for === "outcome") {
      await say(context.deps, {
        type: "migration.unknown",
        ...of,
        reason: "the answer was lost; looking in the database what became of it",
      });
      said = true;
    }
    const waitedMs = context.deps.now() - startedAt;
    await say(context.deps, { type: "waiting", reason: next.for, message: next.message, waitedMs });
    if (context.deps.remainingMs() < 15_000 || (next.for === "lock" && waitedMs > context.waitMs)) return { lost: error };
    await context.deps.sleep(Math.min(longestLookMs, 250 * 2 ** looks));
  }
}

async function pause(step: Step, tries: number, isLock: boolean, context: LedgerContext): Promise<void> {
  const ms = pauseMs(tries, context.deps.random);
  const message = isLock
    ? `${step.version} waits for a lock that another session holds`
    : `Hasura did not answer; ${step.version} has not run and is sent again`;
  await say(context.deps, { type: "waiting", reason: isLock ? "lock" : "hasura", message, waitedMs: ms });
  await context.deps.sleep(ms, context.deps.stop).catch(() => undefined);
}

function ended(next: Known, step: Step, position: Position, context: LedgerContext, error: unknown): StepResult {
  switch (next.do) {
    case "done":
      advance(position);
      return { outcome: "done", notices: mayPass(error) ? [answerLost] : [] };
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
  return new Failure("migration", "interrupted", `${step.version}_${step.name} broke off${said}. What it had committed by then stays.`, {
    hints: [
      "look at the database, bring it to where the file begins or ends, then say which:",
      `hasura-migrate mark ${environment} ${step.version} --applied${where}`,
      `hasura-migrate mark ${environment} ${step.version} --pending${where}`,
    ],
    cause: error,
  });
}

function sqlstateOf(error: unknown): string | undefined {
  return error instanceof HasuraCallError ? error.database?.sqlstate : undefined;
}
