import { Failure, type SqlFailure } from "../../protocol/failure.ts";
import { hasuraFailure, isAccessDenied } from "./errors.ts";
import { HasuraCallError, type DatabaseError } from "./client.ts";
import { findErrorPosition } from "../sql/error-position.ts";

/** Longer texts of the database are cut, so that an event stays small. */
const longestText = 8000;

/** The migration that failed: its file as people know it, and the SQL that was sent. */
export interface FailedFile {
  readonly version: string;
  readonly file: string;
  readonly sql: string;
  /** The books show that nothing of it stayed. */
  readonly nothingKept?: boolean;
}

/**
 * What became of one migration's `run_sql` as a failure. A statement that the database refused is `migration/sql-failed` with
 * what the database said (docs/internals/hasura-protocol.md, "Errors"); where Hasura hides internals, that is said. The rest is about reaching Hasura.
 */
export function stepFailure(error: unknown, of: FailedFile): unknown {
  if (!(error instanceof HasuraCallError)) return error;
  if (error.outcome !== "rejected" || isAccessDenied(error) || error.status === 404)
    return hasuraFailure(error, `running ${of.file}`);
  const said = saidBy(error.database);
  if (!said) return hidden(error, of);
  const sql: SqlFailure = { file: of.file, ...said };
  const place = findErrorPosition(of.sql, said.message);
  const state = said.sqlstate === undefined ? "" : ` (SQLSTATE ${said.sqlstate})`;
  return new Failure("migration", "sql-failed", `${of.file} failed: ${said.message}${state}`, {
    sql: { ...sql, ...(place && { place }) },
    hints: nextSteps(said.sqlstate, said.message, of),
  });
}

/** Statements that PostgreSQL refuses inside a transaction block (25001) have a marker of their own. */
function nextSteps(
  sqlstate: string | undefined,
  message: string,
  { nothingKept }: FailedFile,
): string[] {
  const kept = nothingKept === true ? "nothing of this file was kept: " : "";
  if (sqlstate === "25001" && /transaction block/.test(message)) {
    return [
      `${kept}put "-- hasura:no-transaction" on the first line of the file, then run the same command again`,
    ];
  }
  return [`${kept}mend the file, then run the same command again`];
}

/**
 * True where the answer leaves open whether the statement took effect
 * (docs/internals/hasura-protocol.md, "Transactions and the driver").
 */
export function isOutcomeUnknown(error: HasuraCallError): boolean {
  if (error.outcome === "unknown") return true;
  if (error.outcome !== "rejected" || error.code === "postgres-max-connections-error") return false;
  return (error.status ?? 0) >= 500 && error.database?.sqlstate === undefined;
}

function saidBy(
  database: DatabaseError | undefined,
): Omit<SqlFailure, "file" | "place"> | undefined {
  if (!database) return undefined;
  const { sqlstate, message, detail, hint, execStatus } = database;
  const text = message ?? (execStatus === "EmptyQuery" ? "the text holds no statement" : undefined);
  if (text === undefined) return undefined;
  return {
    message: cut(text),
    ...(sqlstate !== undefined && { sqlstate }),
    ...(detail !== undefined && { detail: cut(detail) }),
    ...(hint !== undefined && { hint: cut(hint) }),
  };
}

function hidden(error: HasuraCallError, of: FailedFile): Failure {
  const path = error.path === undefined ? "" : ` at ${error.path}`;
  const isSql = error.code === undefined || error.code.endsWith("-error");
  return new Failure(
    "migration",
    isSql ? "sql-failed" : "hasura-refused",
    `${of.file} failed: Hasura says "${error.message}"${path}.`,
    {
      sql: { file: of.file, message: cut(error.message) },
      hints: isSql
        ? [
            "this Hasura hides what the database said: set HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS=true there to see message and SQLSTATE",
          ]
        : [],
      cause: error,
    },
  );
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)} …`;
}
