import { Failure } from "../../../protocol/failure.ts";
import { textHint, type Hint } from "../../../protocol/hint.ts";
import { lockAdvice, type LockHolder } from "../../hasura/lock-holders.ts";
import { markHint } from "../hints.ts";
import { sendQuery } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { fullName, type LedgerStep } from "./ledger-step.ts";
import { cancelStatementSql } from "./statements.ts";

/** Reserved for reading the outcome, recording it and reporting it. */
const reservedMs = 30_000;
const cancelEveryMs = 1000;

/**
 * Runs `work`, one migration's request, and has the database cancel it shortly before the
 * function runs out of time. A file can change every timeout of its own session, so the deadline is
 * kept from outside. `onDeadline` is called first.
 */
export async function beforeDeadline<T>(
  context: LedgerContext,
  work: () => Promise<T>,
  onDeadline: () => void,
): Promise<T> {
  const finished = new AbortController();
  void cancelAtDeadline(context, finished.signal, onDeadline);
  try {
    return await work();
  } finally {
    finished.abort();
  }
}

async function cancelAtDeadline(
  context: LedgerContext,
  finished: AbortSignal,
  onDeadline: () => void,
): Promise<void> {
  const { remainingMs, sleep, stop } = context.engine;
  const reserved = Math.min(reservedMs, remainingMs() / 3);
  const isFinished = (): boolean => finished.aborted;
  const wait = (signal: AbortSignal): Promise<void> =>
    sleep(Math.max(0, remainingMs() - reserved), signal).catch(() => undefined);
  await wait(AbortSignal.any([finished, stop]));
  // A task that is asked to end has a deadline from then on.
  if (stop.aborted && !isFinished()) await wait(finished);
  if (isFinished() || remainingMs() > reserved + 1000) return;
  onDeadline();
  // Repeated: between two migrations of one request there is nothing to cancel for a moment.
  while (!isFinished() && remainingMs() > 0) {
    await sendQuery(context, cancelStatementSql(context.request.runId)).catch(() => undefined);
    await sleep(cancelEveryMs, finished).catch(() => undefined);
  }
}

/** The failure of a file that did not fit into the function's time. `lockHolders`: of the lock that it was waiting for. */
export function deadlineFailure(
  step: LedgerStep,
  environment: string,
  { error, lockHolders }: { readonly error: unknown; readonly lockHolders: readonly LockHolder[] },
): Failure {
  const kept = step.noTransaction
    ? "what it did outside a transaction remains"
    : "it was rolled back completely";
  return new Failure(
    "unreachable",
    "deadline",
    `${fullName(step)} was cancelled because its process ran out of time; ${kept}.`,
    {
      hints: [
        ...(lockHolders.length > 0 ? [textHint(lockAdvice(lockHolders))] : []),
        textHint(
          "Raise the function's timeout (at most 15 minutes), split the file, or run it in an ECS task, which has no limit (--runner ecs).",
        ),
        ...byHand(step, environment),
      ],
      cause: error,
    },
  );
}

function byHand(step: LedgerStep, environment: string): Hint[] {
  if (step.direction === "seed") return [];
  const target = { environment, database: step.database.name, versions: [step.version] };
  return [markHint(target, "applied", "or run it in the database by hand, then record it")];
}
