import { Failure } from "../../protocol/failure.ts";
import { textHint, type Hint } from "../../protocol/hint.ts";
import { HasuraCallError } from "../hasura/client.ts";
import { isPostgres } from "../hasura/source-kinds.ts";
import { concurrentIndex, type ConcurrentIndex } from "../sql/concurrent-indexes.ts";
import { findErrorPosition } from "../sql/error-position.ts";
import { maskPasswords } from "../sql/mask-passwords.ts";
import { statementsOf, type Statement } from "../sql/statements.ts";
import {
  dropSql,
  lookUpIndexes,
  mayBeLeft,
  type IndexState,
  type InvalidIndex,
} from "./invalid-indexes.ts";
import { invalidIndexesHint } from "../store/hints.ts";
import { keptStatements, type FailedAt } from "./kept-statements.ts";
import type { LoadedStep } from "./load-steps.ts";

/** Failures after which part of a file outside a transaction may have been committed. */
const partly: ReadonlySet<string> = new Set(["sql-failed", "interrupted", "deadline"]);

/**
 * What a file outside a transaction left behind, as hints in front of the failure's own: which of its statements are committed,
 * and which indexes the database calls invalid. If it cannot be queried, only what may be left over. `error`: the failure's
 * cause.
 */
export async function withLeftBehind(
  failure: unknown,
  error: unknown,
  loaded: LoadedStep,
  environment: string,
): Promise<unknown> {
  const { step, body } = loaded;
  if (!step.noTransaction || !(failure instanceof Failure) || !partly.has(failure.code))
    return failure;
  const sql = maskPasswords(body.sql);
  const kept = keptStatements(sql, failedAt(failure, error, sql));
  if (!kept) return failure;
  const indexes = await indexHints(indexesOf(kept.reached), loaded, environment);
  return failure.with({ hints: [textHint(kept.text), ...indexes, ...failure.hints] });
}

/** The indexes of a file outside a transaction that are invalid even though it succeeded: IF NOT EXISTS skips such an index. */
export async function invalidIndexNotices(loaded: LoadedStep): Promise<string[]> {
  const { step, body } = loaded;
  const indexes = step.noTransaction
    ? indexesOf(statementsOf(body.sql)).filter(
        (index) => index.how === "create" && index.ifNotExists,
      )
    : [];
  const state = await lookedUp(indexes, loaded);
  return (state?.invalid ?? [])
    .filter(({ isInUse }) => !isInUse)
    .map(
      (index) =>
        `the index ${index.name} is invalid, but IF NOT EXISTS skipped it: run ${dropSql(index)} then create it again`,
    );
}

function failedAt({ sql: refused }: Failure, error: unknown, sql: string): FailedAt {
  const call = error instanceof Failure ? error.cause : error;
  const database = call instanceof HasuraCallError ? call.database : undefined;
  const { message, sqlstate, statement } = database ?? {};
  if (message === undefined) return { statement };
  const place = refused?.place ?? findErrorPosition(sql, { message, sqlstate }).place;
  return { statement, place };
}

function indexesOf(statements: readonly Statement[]): ConcurrentIndex[] {
  return statements.flatMap((statement) => concurrentIndex(statement) ?? []);
}

async function indexHints(
  indexes: readonly ConcurrentIndex[],
  loaded: LoadedStep,
  environment: string,
): Promise<Hint[]> {
  if (indexes.length === 0) return [];
  const state = await lookedUp(indexes, loaded);
  const { invalid, unknown } = state ?? { invalid: [], unknown: indexes };
  if (invalid.length === 0 && unknown.length === 0)
    return [textHint("It left no invalid index behind.")];
  const texts = [...invalid.map(leftText), ...unknown.map(mayBeLeft)];
  const isNameless = unknown.some((index) => index.how === "create" && index.name === undefined);
  const look = isNameless
    ? [invalidIndexesHint({ environment, database: loaded.ready.database.name })]
    : [];
  return [...[...new Set(texts)].map(textHint), ...look];
}

function leftText(index: InvalidIndex): string {
  const { name, isInUse } = index;
  return isInUse
    ? `The index ${name} is invalid; another session is working on its table and may still be building it. If not: ${dropSql(index)}`
    : `The index ${name} was left invalid, and IF NOT EXISTS would skip it. Before the next attempt: ${dropSql(index)}`;
}

/** Undefined if the database cannot be queried. */
async function lookedUp(
  indexes: readonly ConcurrentIndex[],
  { ready: { store, database } }: LoadedStep,
): Promise<IndexState | undefined> {
  if (indexes.length === 0 || !isPostgres(database.kind)) return undefined;
  try {
    return await lookUpIndexes(indexes, async (sql) => await store.query?.(sql));
  } catch {
    return undefined;
  }
}
