import { emptyFileNotices, isEmptySql } from "../../sql/is-empty.ts";
import { HasuraCallError, type SqlResult } from "../../hasura/client.ts";
import { maskedError, withTexts } from "../../hasura/masked-error.ts";
import type { LockHolder } from "../../hasura/lock-holders.ts";
import { quoteLiteral } from "../../sql/quote.ts";
import { lockHoldersSql } from "./statements.ts";
import { frameInTransaction, frameOutsideTransaction, withoutFrame } from "./frame.ts";
import { isTransient, requestFor, send, sendQuery } from "./client.ts";
import { beforeDeadline } from "./deadline.ts";
import type { LedgerContext } from "./context.ts";
import type { LedgerStep } from "./ledger-step.ts";
import type { LedgerPosition } from "./position.ts";
import { lockLookEveryMs, whileLocksWatched } from "../watch-locks.ts";
import { whileWatched } from "./watch-statement.ts";

const defaultLockTimeout = "5s";

/** What the database reported of a migration that is recorded. `tookMs`: in the database. */
export interface StepReceipt {
  readonly notices: readonly string[];
  readonly tookMs?: number;
}

/**
 * The result of one request; `late`: it was cancelled because the function's time ran out; `lockHolders`: who held the lock that
 * it was waiting for when it was last looked at.
 */
export type SendResult =
  | { readonly ok: true; readonly receipts: readonly StepReceipt[] }
  | {
      readonly ok: false;
      readonly error: unknown;
      readonly late: boolean;
      readonly lockHolders: readonly LockHolder[];
    };

/** Sends one migration or seed in its frame, once. Never throws. */
export function sendStep(
  step: LedgerStep,
  position: LedgerPosition,
  context: LedgerContext,
): Promise<SendResult> {
  const outside = step.noTransaction && !isEmptySql(step.sql);
  return sendRequest([step], position, context, async () => [
    readReceipt(await send(context, framedSql(step, position, context), outside), step),
  ]);
}

/** Sends several in one request, each in its own frame and transaction. Never throws. */
export function sendSteps(
  steps: readonly LedgerStep[],
  position: LedgerPosition,
  context: LedgerContext,
  runSqls: NonNullable<LedgerContext["hasura"]["runSqls"]>,
): Promise<SendResult> {
  const first = position.generation;
  const requests = steps.map((step, i) => {
    const expected: LedgerPosition = {
      ...position,
      generation: first + BigInt(i),
      ownGeneration: i > 0 || position.ownGeneration,
    };
    return requestFor(context, framedSql(step, expected, context));
  });
  return sendRequest(steps, position, context, async () => {
    const results = await runSqls(requests);
    return steps.map((step, i) => readReceipt(results[i], step));
  });
}

async function sendRequest(
  steps: readonly LedgerStep[],
  position: LedgerPosition,
  context: LedgerContext,
  request: () => Promise<readonly StepReceipt[]>,
): Promise<SendResult> {
  const upTo = position.generation + BigInt(steps.length);
  let late = false;
  // The last look can come after the lock timeout, but before its answer: then the one before it counts.
  let lastLooks: readonly (readonly LockHolder[])[] = [];
  const watched = () =>
    whileLocksWatched(
      context.engine,
      {
        everyMs: lockLookEveryMs(steps),
        ask: () => sendQuery(context, lockHoldersSql),
        onLook: (holders) => (lastLooks = [holders, ...lastLooks.slice(0, 1)]),
      },
      () => whileWatched(context, upTo, request),
    );
  try {
    const receipts = await beforeDeadline(context, watched, () => (late = true));
    return { ok: true, receipts };
  } catch (thrown) {
    const masked = steps.reduce((error, { sql }) => maskedError(error, sql), thrown);
    const error = masked instanceof HasuraCallError ? withTexts(masked, withoutFrame) : masked;
    if (isTransient(error) && upTo > position.inFlightUpTo) position.inFlightUpTo = upTo;
    const lockHolders = lastLooks.find(({ length }) => length > 0) ?? [];
    return { ok: false, error, late, lockHolders };
  }
}

function framedSql(step: LedgerStep, position: LedgerPosition, { request }: LedgerContext): string {
  const frame = { run: request.runId, ...position };
  const isEmpty = isEmptySql(step.sql);
  if (step.noTransaction && !isEmpty) return frameOutsideTransaction(step, frame);
  return frameInTransaction(
    { ...step, noTransaction: false, ...(isEmpty && { sql: "" }) },
    frame,
    settingsOf(step),
  );
}

/**
 * Reads the answer of `leave` or `leave_seed`: how, and how many milliseconds after `enter`. Without it a step does
 * not count as done.
 */
function readReceipt(result: SqlResult | undefined, step: LedgerStep): StepReceipt {
  const [how, ms] = (result?.rows[0]?.[0] ?? "").split(" ");
  if (how !== "applied" && how !== "own_commit")
    throw new HasuraCallError(
      "unknown",
      "the response does not show that the migration was recorded",
    );
  const tookMs = Math.round(Number(ms) * 1000) / 1000;
  return {
    notices: [
      ...(how === "own_commit"
        ? [
            "the file contains a COMMIT: had it been interrupted, part of it would have stayed applied",
          ]
        : []),
      ...emptyFileNotices(step.sql),
    ],
    ...(Number.isFinite(tookMs) && { tookMs }),
  };
}

function settingsOf(step: LedgerStep): string[] {
  const { lockTimeout = defaultLockTimeout, statementTimeout } = step.settings ?? {};
  return [
    `lock_timeout = ${quoteLiteral(lockTimeout)}`,
    ...(statementTimeout === undefined
      ? []
      : [`statement_timeout = ${quoteLiteral(statementTimeout)}`]),
  ];
}
