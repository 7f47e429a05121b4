import { databaseOption } from "../database-option.ts";
import { Failure } from "../../../protocol/failure.ts";
import type { Step } from "../store.ts";
import { send } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { cancelBackend } from "./history.ts";

/** Kept back for looking up what became of it, writing the books and telling the caller. */
const marginMs = 30_000;
const cancelEveryMs = 1000;

/**
 * Does `work`, one migration's request, and has the database cancel it when the time of this process is nearly over: a file may change
 * every time-out of its own session, so the deadline is kept from outside. `onStop` is called when it comes to that.
 */
export async function beforeDeadline<T>(
  context: LedgerContext,
  work: () => Promise<T>,
  onStop: () => void,
): Promise<T> {
  const over = new AbortController();
  void cancelWhenLate(context, over.signal, onStop);
  try {
    return await work();
  } finally {
    over.abort();
  }
}

async function cancelWhenLate(
  context: LedgerContext,
  over: AbortSignal,
  onStop: () => void,
): Promise<void> {
  const { remainingMs, sleep } = context.engine;
  const margin = Math.min(marginMs, remainingMs() / 3);
  await sleep(Math.max(0, remainingMs() - margin), over).catch(() => undefined);
  const isOver = (): boolean => over.aborted;
  if (isOver() || remainingMs() > margin + 1000) return;
  onStop();
  // Again and again: between two migrations of one request there is nothing to cancel for a moment.
  while (!isOver() && remainingMs() > 0) {
    await send(context, cancelBackend(context.request.runId)).catch(() => undefined);
    await sleep(cancelEveryMs, over).catch(() => undefined);
  }
}

/** What the caller reads when a file did not fit into the function's time. */
export function pastDeadline(step: Step, environment: string, cause: unknown): Failure {
  const where = databaseOption(step.database.name);
  const kept = step.noTransaction
    ? "what it had done outside a transaction stays"
    : "nothing of it was kept";
  return new Failure(
    "unreachable",
    "deadline",
    `${step.version}_${step.name} was stopped, because the function's time was over; ${kept}.`,
    {
      hints: [
        "give the function a longer time-out (15 minutes is the most), or split the file",
        `or run it in the database by hand, and then: hasura-migrate mark ${environment} ${step.version} --applied${where}`,
      ],
      cause,
    },
  );
}
