import type { Step } from "../store.ts";
import { emptyFileNotices, isEmptySql } from "../../sql/is-empty.ts";
import { HasuraCallError, type SqlResult } from "../../hasura/client.ts";
import { quoteLiteral } from "../../sql/quote.ts";
import { frameMigration, frameOutsideTransaction } from "./statements.ts";
import { isTransient, requestFor, send } from "./client.ts";
import { beforeDeadline } from "./deadline.ts";
import type { LedgerContext } from "./context.ts";

const defaultLockTimeout = "5s";

/** What the books know while a run goes on. */
export interface Position {
  generation: bigint;
  /** The generation is one that this run has made, and not only found. */
  mine: boolean;
  synced: bigint;
  /** The generation that a request of ours, whose answer was lost, may still go up to. */
  lostUpTo: bigint;
}

/** So many changes of ours are known to be in the books. */
export function advance(position: Position, changes = 1): void {
  position.generation += BigInt(changes);
  position.mine = true;
}

/** `tookMs`: in the database. */
export interface StepReceipt {
  readonly notices: readonly string[];
  readonly tookMs?: number;
}

/** What came of one request; `late`: it was cancelled because the function's time is over. */
export type SendResult =
  | { readonly ok: true; readonly left: readonly StepReceipt[] }
  | { readonly ok: false; readonly error: unknown; readonly late: boolean };

/** Sends one migration in its frame, once. Never throws. */
export function sendStep(
  step: Step,
  position: Position,
  context: LedgerContext,
): Promise<SendResult> {
  const outside = step.noTransaction && !isEmptySql(step.sql);
  return sent([step], position, context, async () => [
    leftBy(await send(context, textOf(step, position, context), outside), step),
  ]);
}

/** Sends several in one request, each in a frame and a transaction of its own. Never throws. */
export function sendSteps(
  steps: readonly Step[],
  position: Position,
  context: LedgerContext,
  runSqls: NonNullable<LedgerContext["hasura"]["runSqls"]>,
): Promise<SendResult> {
  const from = position.generation;
  const requests = steps.map((step, i) =>
    requestFor(
      context,
      textOf(
        step,
        { ...position, generation: from + BigInt(i), mine: i > 0 || position.mine },
        context,
      ),
    ),
  );
  return sent(steps, position, context, async () => {
    const results = await runSqls(requests);
    return steps.map((step, i) => leftBy(results[i], step));
  });
}

async function sent(
  steps: readonly Step[],
  position: Position,
  context: LedgerContext,
  work: () => Promise<readonly StepReceipt[]>,
): Promise<SendResult> {
  const upTo = position.generation + BigInt(steps.length);
  let late = false;
  try {
    return { ok: true, left: await beforeDeadline(context, work, () => (late = true)) };
  } catch (error) {
    if (isTransient(error) && upTo > position.lostUpTo) position.lostUpTo = upTo;
    return { ok: false, error, late };
  }
}

function textOf(step: Step, position: Position, { request }: LedgerContext): string {
  const frame = { run: request.runId, ...position };
  const blank = isEmptySql(step.sql);
  if (step.noTransaction && !blank) return frameOutsideTransaction(step, frame);
  return frameMigration(
    { ...step, noTransaction: false, ...(blank && { sql: "" }) },
    frame,
    settingsOf(step),
  );
}

/** What `leave` answered: how, and how many milliseconds after `enter`. Without its word nothing is taken for done. */
function leftBy(result: SqlResult | undefined, step: Step): StepReceipt {
  const [how, ms] = (result?.rows[0]?.[0] ?? "").split(" ");
  if (how !== "applied" && how !== "own_commit")
    throw new HasuraCallError("unknown", "the answer does not say that the migration is recorded");
  const tookMs = Math.round(Number(ms) * 1000) / 1000;
  return {
    notices: [
      ...(how === "own_commit"
        ? ["the file commits by itself: had it broken off half way, a part of it would have stayed"]
        : []),
      ...emptyFileNotices(step.sql),
    ],
    ...(Number.isFinite(tookMs) && { tookMs }),
  };
}

function settingsOf(step: Step): string[] {
  const { lockTimeout = defaultLockTimeout, statementTimeout } = step.settings ?? {};
  return [
    `lock_timeout = ${quoteLiteral(lockTimeout)}`,
    ...(statementTimeout === undefined
      ? []
      : [`statement_timeout = ${quoteLiteral(statementTimeout)}`]),
  ];
}
