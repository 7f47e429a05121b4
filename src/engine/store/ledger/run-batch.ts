import { emptyFileNotices } from "../../sql/is-empty.ts";
import type { OnDone, Step, StepResult } from "../store.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { whileLooking } from "../while-looking.ts";
import { sendSteps, type SendResult, type StepReceipt } from "./send-step.ts";
import { readLedger, isTransient, sendQuery } from "./client.ts";
import { snapshotSql } from "./statements.ts";
import type { LedgerContext } from "./context.ts";
import { advance, type LedgerPosition } from "./position.ts";
import { answerLostNotice, runLedgerStep } from "./run-step.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { tookEffect } from "./classify-outcome.ts";

type RunSqls = NonNullable<LedgerContext["hasura"]["runSqls"]>;

/**
 * Time without an answer before the ledger is read to see how far the request is; doubles up to the
 * second value.
 */
const firstCheckMs = 150;
const longestCheckMs = 1000;

/**
 * Runs several migrations in one request: each has its own frame and transaction, expects
 * the generation that the one before it makes, and does not run after one that failed. The ledger
 * shows which of them are done when the answer does not, and also while a slow one delays the
 * answer. Returns how the first one that is not done ended.
 */
export async function runLedgerBatch(
  steps: readonly Step[],
  position: LedgerPosition,
  context: LedgerContext,
  runSqls: RunSqls,
  onDone: OnDone,
): Promise<StepResult | undefined> {
  const progress = new BatchProgress(steps, position, context, onDone);
  const sql = snapshotSql(context.request.runId, context.liveMs);
  const looks = {
    pauseMs: (look: number) => Math.min(longestCheckMs, firstCheckMs * 2 ** (look - 1)),
    leastPauseMs: 0,
    ask: async () => readSnapshot(await sendQuery(context, sql)),
    found: (snapshot: LedgerSnapshot | undefined) => {
      if (snapshot) progress.catchUp(snapshot, []);
      return Promise.resolve(undefined);
    },
  };
  const send = (): Promise<SendResult> => sendSteps(steps, position, context, runSqls);
  const sent = await whileLooking(context.engine, looks, send);
  if (sent.ok) {
    for (const receipt of sent.receipts.slice(progress.done)) progress.advance(receipt);
    await progress.reported;
    return undefined;
  }
  try {
    const notices = isTransient(sent.error) ? [answerLostNotice] : [];
    progress.catchUp(await readLedger(context), notices);
  } catch (error) {
    return { outcome: "unknown", error };
  } finally {
    await progress.reported;
  }
  const step = steps[progress.done];
  if (step === undefined) return undefined;
  const failedAt = failedIndex(sent.error) ?? progress.done;
  if (failedAt > progress.done)
    return { outcome: "replan", reason: `${step.version} did not commit` };
  // The next plan finds that the time is over, and pauses where that is possible.
  if (sent.late && progress.done > 0)
    return { outcome: "replan", reason: "the function's time is almost up" };
  // The error of a migration that is done by now does not concern this one.
  return runLedgerStep(step, position, context, failedAt === progress.done ? sent : undefined);
}

/** How many migrations of a request are known to be done; reports each in order. */
class BatchProgress {
  readonly #steps: readonly Step[];
  readonly #position: LedgerPosition;
  readonly #context: LedgerContext;
  readonly #onDone: OnDone;
  #done = 0;
  #reported = Promise.resolve();

  constructor(
    steps: readonly Step[],
    position: LedgerPosition,
    context: LedgerContext,
    onDone: OnDone,
  ) {
    this.#steps = steps;
    this.#position = position;
    this.#context = context;
    this.#onDone = onDone;
  }

  get done(): number {
    return this.#done;
  }

  /** Resolves when everything that is known has been reported. */
  get reported(): Promise<void> {
    return this.#reported;
  }

  advance(receipt: StepReceipt): void {
    this.#done += 1;
    advance(this.#position);
    this.#reported = this.#reported.then(() => this.#onDone(receipt));
  }

  /** Advances as far as the ledger shows. */
  catchUp(ledger: LedgerSnapshot, notices: readonly string[]): void {
    const { runId } = this.#context.request;
    for (let step = this.#steps[this.#done]; step; step = this.#steps[this.#done]) {
      if (!tookEffect(step, runId, this.#position.generation, ledger)) return;
      const tookMs = ledger.applied.get(step.version)?.ms;
      this.advance({
        notices: [...notices, ...emptyFileNotices(step.sql)],
        ...(tookMs !== undefined && { tookMs }),
      });
    }
  }
}

/** Which of the requests failed, if Hasura reports that. */
function failedIndex(error: unknown): number | undefined {
  const path = error instanceof HasuraCallError ? error.path : undefined;
  const index = /^\$\.args\[(\d+)\]/.exec(path ?? "")?.[1];
  return index === undefined ? undefined : Number(index);
}
