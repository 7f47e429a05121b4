import { emptyFileNotices } from "../../sql/is-empty.ts";
import type { OnDone, Step, StepResult } from "../store.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { advance, sendSteps, type StepReceipt, type Position } from "./send-step.ts";
import { readLedger, isTransient, send } from "./client.ts";
import { snapshotSql } from "./statements.ts";
import type { LedgerContext } from "./context.ts";
import { answerLost, runLedgerStep } from "./run-step.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { tookEffect } from "./classify-outcome.ts";

type RunSqls = NonNullable<LedgerContext["hasura"]["runSqls"]>;

/** How long a request may be silent before somebody looks in the ledger how far it is: more often at first, while it matters most. */
const silentMs = 150;
const longestSilentMs = 1000;

/**
 * Runs several migrations in one request: each has a frame and a transaction of its own, finds the generation that the one before
 * it made, and none runs after one that failed. Which of them are done is read in the ledger when the answer does not say it, and
 * also while a slow one keeps the answer back. Answers how the first that is not done ended.
 */
export async function runLedgerBatch(
  steps: readonly Step[],
  position: Position,
  context: LedgerContext,
  runSqls: RunSqls,
  onDone: OnDone,
): Promise<StepResult | undefined> {
  const progress = progressOf(steps, position, context, onDone);
  const answered = new AbortController();
  void watch(progress, context, answered.signal);
  const sent = await sendSteps(steps, position, context, runSqls);
  answered.abort();
  if (sent.ok) {
    for (const left of sent.left.slice(progress.done)) progress.advance(left);
    await progress.told();
    return undefined;
  }
  try {
    progress.catchUp(await readLedger(context), isTransient(sent.error) ? [answerLost] : []);
  } catch (error) {
    return { outcome: "unknown", error };
  } finally {
    await progress.told();
  }
  const step = steps[progress.done];
  if (step === undefined) return undefined;
  const place = placeOf(sent.error) ?? progress.done;
  if (place > progress.done) return { outcome: "replan", reason: `${step.version} did not commit` };
  // The next plan finds that the time is over, and pauses where that is possible.
  if (sent.late && progress.done > 0)
    return { outcome: "replan", reason: "the function's time is nearly over" };
  // An error of one that is done by now, by a request whose answer was lost, says nothing of this one.
  return runLedgerStep(step, position, context, place === progress.done ? sent : undefined);
}

interface Progress {
  /** How many are known to be done. */
  readonly done: number;
  advance(left: StepReceipt): void;
  /** As far as the ledger shows. */
  catchUp(ledger: LedgerSnapshot, notices: readonly string[]): void;
  /** Resolves when everything that is known has been said. */
  told(): Promise<void>;
}

function progressOf(
  steps: readonly Step[],
  position: Position,
  context: LedgerContext,
  onDone: OnDone,
): Progress {
  let done = 0;
  let telling = Promise.resolve();
  const forward = (left: StepReceipt): void => {
    done += 1;
    advance(position);
    telling = telling.then(() => onDone(left));
  };
  return {
    get done() {
      return done;
    },
    advance: forward,
    catchUp(ledger, notices) {
      for (
        let step = steps[done];
        step && tookEffect(step, context.request.runId, position.generation, ledger);
        step = steps[done]
      ) {
        const tookMs = ledger.applied.get(step.version)?.ms;
        forward({
          notices: [...notices, ...emptyFileNotices(step.sql)],
          ...(tookMs !== undefined && { tookMs }),
        });
      }
    },
    told: () => telling,
  };
}

/** Looks now and then until the answer is there; a look that fails says nothing. */
async function watch(
  progress: Progress,
  context: LedgerContext,
  answered: AbortSignal,
): Promise<void> {
  const isOver = (): boolean => answered.aborted;
  for (let looks = 0; ; looks += 1) {
    await context.engine
      .sleep(Math.min(longestSilentMs, silentMs * 2 ** looks), answered)
      .catch(() => undefined);
    if (isOver()) return;
    const snapshot = await send(context, snapshotSql(context.request.runId, context.liveMs))
      .then(readSnapshot)
      .catch(() => undefined);
    if (isOver()) return;
    if (snapshot) progress.catchUp(snapshot, []);
  }
}

/** Which of the requests it was that failed, where Hasura says so. */
function placeOf(error: unknown): number | undefined {
  const index =
    error instanceof HasuraCallError ? /^\$\.args\[(\d+)\]/.exec(error.path ?? "")?.[1] : undefined;
  return index === undefined ? undefined : Number(index);
}
