import { HasuraCallError, type RunSql, type SqlResult } from "../../hasura/client.ts";
import { isOutcomeUnknown } from "../../hasura/sql-errors.ts";
import { isUnavailable } from "../../hasura/errors.ts";
import { snapshotSql } from "./statements.ts";
import type { LedgerContext } from "./context.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";

/** The pauses between tries, in milliseconds, before they are spread by chance: 0.5, 1, 2, 4, 8, 15, 15 … seconds. */
export function pauseMs(tries: number, random: () => number): number {
  return Math.min(15_000, 500 * 2 ** tries) * (0.5 + random());
}

/** Tries before a Hasura that does not answer is given up: a task that an ECS deployment replaces is back by then. */
export const mostTries = 10;

/** One text on the ledger's database. Throws `HasuraCallError`. */
export function send(
  context: LedgerContext,
  sql: string,
  noTransaction = false,
): Promise<SqlResult> {
  return context.hasura.runSql(requestFor(context, sql, noTransaction));
}

/** A text as a request to the ledger's database. */
export function requestFor(
  { database, configVersion }: LedgerContext,
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

/** True where sending the same again may help: nobody answered, a gateway did, or the server had no room. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof HasuraCallError)) return false;
  return (
    error.outcome !== "rejected" ||
    isOutcomeUnknown(error) ||
    error.status === 429 ||
    isUnavailable(error)
  );
}

/** A server that shut down, was not ready or had no room, or a deadlock: nothing was done, and the same may well succeed. */
export const transientSqlStates: readonly string[] = [
  "40P01",
  "57P01",
  "57P02",
  "57P03",
  "08006",
  "08003",
  "53300",
];

/** Also an operator who cancelled what it was at: asked again, a question is answered. */
const passingForQuestions: ReadonlySet<string | undefined> = new Set([
  ...transientSqlStates,
  "57014",
]);

function isPassing(error: unknown, tries: number): boolean {
  if (!(error instanceof HasuraCallError)) return false;
  const hidden = error.code === "postgres-error" && error.database?.sqlstate === undefined;
  // Where Hasura hides what the database said, it may have been one of these: asked a few times more.
  return passingForQuestions.has(error.database?.sqlstate) || (hidden && tries < 3);
}

/** Sends something that may safely be sent again, until it is answered. Throws the last error. */
export function sendUntilAnswered(context: LedgerContext, sql: string): Promise<SqlResult> {
  return untilAnswered(context, () => send(context, sql));
}

/** The same for any question to Hasura. */
export async function untilAnswered<T>(context: LedgerContext, ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (
        !(isTransient(error) || isPassing(error, tries)) ||
        tries >= mostTries ||
        context.engine.remainingMs() < 20_000
      )
        throw error;
      await context.engine.sleep(pauseMs(tries, context.engine.random));
    }
  }
}

/**
 * What the ledger says now. A file that runs on its own is looked at twice before it counts as broken off: it may have reached its
 * end between the look at its row and the look at its connection.
 */
export async function readLedger(context: LedgerContext): Promise<LedgerSnapshot> {
  const text = snapshotSql(context.request.runId, context.liveMs);
  const first = readSnapshot(await sendUntilAnswered(context, text));
  if (!first.running || first.running.alive) return first;
  return readSnapshot(await sendUntilAnswered(context, text));
}
