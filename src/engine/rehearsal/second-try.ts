import { Failure, type SqlFailure } from "../../protocol/failure.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { isOfStatement, locateInStatement } from "../sql/locate-error.ts";
import { maskPasswords, passwordMask } from "../sql/mask-passwords.ts";
import type { MigrationStore } from "../store/store.ts";
import { readReport, type RehearsalError } from "./read-report.ts";
import { rehearsalSql } from "./rehearsal-sql.ts";
import { splitFile } from "./split-file.ts";

/** A migration that failed, and that was rolled back completely. */
export interface FailedTry {
  readonly sql: string;
  readonly store: MigrationStore;
  /** How long it took until it failed, in milliseconds. */
  readonly tookMs: number;
}

/** A file that took longer than this to fail is not run again, in milliseconds. */
const longestTryMs = 5000;
/** Limits of the second try, in milliseconds. It takes about as long as the first one. */
const limits = { lockMs: 1000, totalMs: 10_000 };
/** The request is abandoned after this many milliseconds; the database ends it earlier. */
const requestLimitMs = 15_000;
/** With less time left, in milliseconds, there is no second try: the failure has to be reported. */
const leastMs = 45_000;

/**
 * Finds the failing statement of a file, if its failure has no position, by running the file a second time and rolling it back. Returns the
 * failure with the position, or as it is: if the second try ended in any other way, nothing is known. To be called when the outcome is
 * known and recorded, so that nothing depends on the second try. Never throws.
 */
export async function locateBySecondTry(
  failure: unknown,
  tried: FailedTry,
  engine: EngineContext,
): Promise<unknown> {
  if (!(failure instanceof Failure) || !isAllowed(tried, engine)) return failure;
  const { sql: error } = failure;
  if (failure.code !== "sql-failed" || error === undefined || !isUnlocated(error)) return failure;
  try {
    const position = await positionOf(error, tried, engine);
    if (position?.place === undefined) return failure;
    return failure.with({ sql: { ...withoutCandidates(error), ...position, secondTry: true } });
  } catch {
    // Without a result of the second try, the failure has no position.
    return failure;
  }
}

/** The failure as it is reported before its position is searched for: without candidates, of which only one can be right. */
export function beforeSecondTry(
  failure: Failure,
  tried: FailedTry,
  engine: EngineContext,
): Failure {
  const { sql, code } = failure;
  const isSearched = code === "sql-failed" && sql !== undefined && isUnlocated(sql);
  if (!isSearched || sql.places === undefined || !isAllowed(tried, engine)) return failure;
  return failure.with({ sql: { ...withoutCandidates(sql), placeFollows: true } });
}

function withoutCandidates(error: SqlFailure): SqlFailure {
  const { file, sqlstate, message, detail, hint } = error;
  return {
    message,
    ...(file !== undefined && { file }),
    ...(sqlstate !== undefined && { sqlstate }),
    ...(detail !== undefined && { detail }),
    ...(hint !== undefined && { hint }),
  };
}

function isAllowed({ store, tookMs }: FailedTry, engine: EngineContext): boolean {
  const { secondTry = false, protected: isProtected = false, stop, remainingMs } = engine;
  if (!secondTry || isProtected || stop.aborted) return false;
  return (
    store.atomic &&
    store.rehearse !== undefined &&
    tookMs <= longestTryMs &&
    remainingMs() >= leastMs
  );
}

/** True for an error of a statement without a position. Without SQLSTATE, which Hasura can hide, the two errors could not be compared. */
function isUnlocated(error: SqlFailure): boolean {
  // A statement that failed to get a lock (55P03) may succeed in a second try.
  return error.place === undefined && isOfStatement(error) && error.sqlstate !== "55P03";
}

async function positionOf(
  error: SqlFailure,
  { sql, store }: FailedTry,
  engine: EngineContext,
): Promise<Pick<SqlFailure, "place" | "located"> | undefined> {
  const split = await splitFile(sql);
  // The parser's first error would have a position.
  if (split.kind === "refused" || !split.isParsed) return undefined;
  await emit(engine, {
    type: "log",
    level: "debug",
    code: "second-try",
    message:
      "Running the failed file a second time, in a transaction that is rolled back, to find the failing statement.",
  });
  const statements = split.parts.map(({ start, end }) => sql.slice(start, end));
  const result = await store.rehearse?.(
    (frame) => rehearsalSql([statements], limits, frame),
    requestLimitMs,
  );
  const report = result && readReport(result);
  if (!report || "busy" in report) return undefined;
  const { failed } = report;
  if (!failed || failed.atCommit || !isSame(error, failed, passwordMask(sql))) return undefined;
  return locateInStatement(maskPasswords(sql), failed.statement - 1, error);
}

/** Detail and hint are compared, too: they contain the row, which can be another one in the second try. */
function isSame(
  first: SqlFailure,
  second: RehearsalError,
  mask: (text: string) => string,
): boolean {
  const texts = ({ message, detail = "", hint = "" }: RehearsalError): string[] =>
    [message, detail, hint].map(mask);
  const expected = [first.message, first.detail ?? "", first.hint ?? ""];
  return (
    first.sqlstate === second.sqlstate && texts(second).every((text, i) => text === expected[i])
  );
}
