import { cleanText } from "../../clean-text.ts";
import { Failure, type SqlFailure } from "../../protocol/failure.ts";
import { retryHint, textHint, type Hint } from "../../protocol/hint.ts";
import { locateError } from "../sql/locate-error.ts";
import { maskPasswords } from "../sql/mask-passwords.ts";
import { lockAdvice, type LockHolder } from "./lock-holders.ts";
import { alreadyExists, isLockTimeout, sqlAdvice } from "./sql-advice.ts";
import { HasuraCallError, type DatabaseError } from "./client.ts";
import { hasuraFailure, isAccessDenied } from "./errors.ts";

/** Characters of a database's text that are kept, so that an event stays small. */
const longestText = 8000;

/** The migration or seed that failed: the path of its file, and the SQL that was sent. Its error has been masked (`maskedError`). */
export interface FailedFile {
  readonly file: string;
  readonly sql: string;
  /** The file was rolled back completely. */
  readonly nothingKept?: boolean;
  /** True for a seed, which cannot run outside a transaction. */
  readonly isSeed?: boolean;
  /** Records the migration as applied. */
  readonly markApplied?: Hint;
  /** How to find the session that holds the lock. */
  readonly lookForLock?: readonly Hint[];
  /** The holders of the lock it was waiting for, shortly before it failed. */
  readonly lockHolders?: readonly LockHolder[] | undefined;
}

/**
 * The failure of the `run_sql` of one migration or seed. A statement that the database refused is `migration/sql-failed` with the database's
 * error (docs/internals/hasura-protocol.md, "Errors"), as far as Hasura shows it. Anything else is a problem with Hasura or the
 * network.
 */
export async function stepFailure(error: unknown, failed: FailedFile): Promise<unknown> {
  if (!(error instanceof HasuraCallError)) return error;
  if (error.outcome !== "rejected" || isAccessDenied(error) || error.status === 404)
    return hasuraFailure(error, `running ${failed.file}`);
  const details = sqlFailure(error.database);
  if (!details) return hiddenError(error, failed);
  const { message, sqlstate } = details;
  // The message is masked in the same way, so that its quotes can be found.
  const position = await locateError(maskPasswords(failed.sql), details);
  const state = sqlstate === undefined ? "" : ` (SQLSTATE ${sqlstate})`;
  return new Failure("migration", "sql-failed", `${failed.file} failed: ${message}${state}`, {
    sql: {
      file: failed.file,
      ...details,
      ...position,
    },
    hints: nextSteps(details, failed),
  });
}

function nextSteps(details: SqlDetails, failed: FailedFile): Hint[] {
  const advice = sqlAdvice(details, failed.sql, failed.lockHolders);
  const { markApplied, lookForLock = [] } = failed;
  return [
    ...(advice === undefined ? [] : [advice]),
    ...(isLockTimeout(details) ? lookForLock : []),
    ...(markApplied !== undefined && alreadyExists(details) ? [markApplied] : []),
    nextStep(details, failed),
  ];
}

/**
 * True if the response leaves open whether the statement took effect
 * (docs/internals/hasura-protocol.md, "Transactions and the driver").
 */
export function isOutcomeUnknown(error: HasuraCallError): boolean {
  if (error.outcome === "unknown") return true;
  if (error.outcome !== "rejected" || error.code === "postgres-max-connections-error") return false;
  return (error.status ?? 0) >= 500 && error.database?.sqlstate === undefined;
}

/** SQLSTATE 25001 is what PostgreSQL reports for statements that it refuses inside a transaction block. */
function nextStep({ sqlstate }: SqlFailure, { nothingKept, isSeed }: FailedFile): Hint {
  const rolledBack = nothingKept === true ? "the file was rolled back completely: " : "";
  const fix =
    sqlstate === "25001" && isSeed !== true
      ? 'if its statements cannot run in a transaction, put "-- hasura:no-transaction" on its first line'
      : "fix the file";
  return retryHint({ reason: `${rolledBack}${fix}, then run it again` });
}

type SqlDetails = Omit<SqlFailure, "file" | "place" | "places" | "located">;

function sqlFailure(database: DatabaseError | undefined): SqlDetails | undefined {
  if (!database) return undefined;
  const { sqlstate, message, detail, hint, execStatus } = database;
  const text = message ?? (execStatus === "EmptyQuery" ? "the file has no statement" : undefined);
  if (text === undefined) return undefined;
  return {
    message: truncated(text),
    ...(sqlstate !== undefined && { sqlstate }),
    ...(detail !== undefined && { detail: truncated(detail) }),
    ...(hint !== undefined && { hint: truncated(hint) }),
  };
}

/** Hasura reported an error without the database's own. */
function hiddenError(error: HasuraCallError, { file, lockHolders = [] }: FailedFile): Failure {
  const path = error.path === undefined ? "" : ` at ${error.path}`;
  const isSql = error.code === undefined || error.code.endsWith("-error");
  return new Failure(
    "migration",
    isSql ? "sql-failed" : "hasura-refused",
    `${file} failed: Hasura reports "${error.message}"${path}.`,
    {
      sql: { file, message: truncated(error.message) },
      hints: isSql
        ? [
            ...(lockHolders.length > 0 ? [textHint(lockAdvice(lockHolders))] : []),
            textHint(
              "Hasura hides the database's error: set HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS=true on the server to see the message and the SQLSTATE.",
            ),
          ]
        : [],
      cause: error,
    },
  );
}

function truncated(text: string): string {
  return text.length <= longestText ? text : `${cleanText(text, longestText)} …`;
}
