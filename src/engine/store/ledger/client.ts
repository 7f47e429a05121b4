import { exponentialBackoff, retry, type Backoff } from "../../../retry.ts";
import { HasuraCallError, type RunSql, type SqlResult } from "../../hasura/client.ts";
import { isOutcomeUnknown } from "../../hasura/sql-errors.ts";
import { isUnavailable } from "../../hasura/errors.ts";
import { snapshotSql } from "./statements.ts";
import type { LedgerContext } from "./context.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";

/** Retries of a call before giving up on Hasura: about two minutes, in which ECS replaces a task. */
export const maxRetries = 10;

/** Below this a call is not retried: the remaining time is for reporting. */
const minRetryMs = 20_000;

/** About 0.5, 1, 2, 4, 8, 15, 15 … seconds, spread at random. */
export function hasuraBackoff(context: LedgerContext): Backoff {
  return exponentialBackoff({ firstMs: 500, longestMs: 15_000, random: context.engine.random });
}

/** True while there is time for another attempt. */
export function hasTimeToRetry(context: LedgerContext, attempt: number): boolean {
  return attempt <= maxRetries && context.engine.remainingMs() >= minRetryMs;
}

/** Runs SQL in the ledger's database. Throws `HasuraCallError`. */
export function send(
  context: LedgerContext,
  sql: string,
  noTransaction = false,
): Promise<SqlResult> {
  return context.hasura.runSql(requestFor(context, sql, noTransaction));
}

/** Queries take milliseconds; a Hasura that needs longer than this will not answer at all. */
const queryLimitMs = 30_000;

/** Runs SQL that is quick, or safe to repeat. Throws `HasuraCallError`, with an unknown outcome after half a minute. */
export function sendQuery(context: QueryContext, sql: string): Promise<SqlResult> {
  return context.hasura.runSql({ ...requestFor(context, sql), limitMs: queryLimitMs });
}

/** Sends SQL that rolls back everything it does, once; the request is abandoned after `limitMs`. Throws `HasuraCallError`. */
export function sendRehearsal(
  context: QueryContext,
  sql: string,
  limitMs: number,
): Promise<SqlResult> {
  return context.hasura.runSql({ ...requestFor(context, sql), limitMs });
}

/** The part of the ledger's context that one query needs. */
export type QueryContext = Pick<LedgerContext, "hasura" | "database" | "configVersion">;

/** SQL as a request to the ledger's database. */
export function requestFor(
  { database, configVersion }: Pick<LedgerContext, "database" | "configVersion">,
  sql: string,
  noTransaction = false,
): RunSql {
  return {
    kind: database.kind,
    sql,
    ...(configVersion === 3 && { source: database.name }),
    checkMetadataConsistency: false,
    ...(noTransaction && { noTransaction: true }),
  };
}

/**
 * True where the same request may succeed later: there was no answer, one of a gateway, or too much
 * load.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof HasuraCallError)) return false;
  return (
    error.outcome !== "rejected" ||
    isOutcomeUnknown(error) ||
    error.status === 429 ||
    isUnavailable(error)
  );
}

/**
 * A deadlock, a server that shuts down, is not ready or has no free connection: nothing was done,
 * and the same statement may succeed later.
 */
export const transientSqlStates: readonly string[] = [
  "40P01",
  "57P01",
  "57P02",
  "57P03",
  "08006",
  "08003",
  "53300",
];

/** For queries also 57014, a statement that an operator cancelled: a query can be repeated. */
const transientForQueries: ReadonlySet<string | undefined> = new Set([
  ...transientSqlStates,
  "57014",
]);

/** True for an error of the database of which Hasura hides everything but that there was one. */
export function isHidden(error: unknown): boolean {
  return (
    error instanceof HasuraCallError &&
    error.code === "postgres-error" &&
    error.database?.sqlstate === undefined
  );
}

function isTransientForQueries(error: unknown, attempt: number): boolean {
  if (isTransient(error)) return true;
  if (!(error instanceof HasuraCallError)) return false;
  // Where Hasura hides internals, the error may have been one of these: three more attempts.
  return transientForQueries.has(error.database?.sqlstate) || (isHidden(error) && attempt <= 3);
}

/** Sends SQL that is safe to repeat, until it is answered. Throws the last error. */
export function query(context: LedgerContext, sql: string): Promise<SqlResult> {
  return untilAnswered(context, () => sendQuery(context, sql));
}

/**
 * Repeats any call to Hasura that is safe to repeat, until it is answered. Throws the last error.
 */
export function untilAnswered<T>(context: LedgerContext, call: () => Promise<T>): Promise<T> {
  return retry(call, {
    backoff: hasuraBackoff(context),
    shouldRetry: (error, attempt) =>
      isTransientForQueries(error, attempt) && hasTimeToRetry(context, attempt),
    sleep: context.engine.sleep,
  });
}

/**
 * The ledger now. A file outside our transaction is looked at twice before it counts as
 * interrupted: it may have reached its end between the query of its row and that of its connection.
 */
export async function readLedger(context: LedgerContext): Promise<LedgerSnapshot> {
  const sql = snapshotSql(context.request.runId, context.liveMs);
  const first = readSnapshot(await query(context, sql));
  if (!first.running || first.running.alive) return first;
  return readSnapshot(await query(context, sql));
}
