import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint, type Hint } from "../../protocol/hint.ts";
import { HasuraCallError, type Hasura, type RunSql, type SqlResult } from "../hasura/client.ts";
import { hasuraFailure, isAccessDenied } from "../hasura/errors.ts";
import { findErrorPosition } from "../sql/error-position.ts";
import { maskPasswords } from "../sql/mask-passwords.ts";
import { answerBytes, queryLimitMs, querySql } from "./query-sql.ts";
import { checkState } from "./check-sql.ts";
import type { ReadStatement } from "./read-statement.ts";

/** The rows of a query. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Set if there are more rows: more than were asked for, or than fit into an answer. */
  readonly cut?: "rows" | "size";
}

/** A statement to be run, and where. */
export interface Query {
  readonly statement: ReadStatement;
  /** The whole text that was sent, to find the position of an error. */
  readonly sql: string;
  readonly limit: number;
  readonly environment: string;
  readonly target: Pick<RunSql, "kind" | "source">;
}

/** Rows can change between two attempts; this many attempts are enough. */
const mostAttempts = 3;

/**
 * Runs a read-only statement; if its rows are too large, runs it again for those that fit. Throws `usage` failures (`sql-error`,
 * `sql-refused`, `sql-answer-too-large`, `sql-connection`), and failures to reach Hasura.
 */
export async function runQuery(query: Query, hasura: Hasura): Promise<Answer> {
  // One row more than is returned shows whether there are more.
  let most = query.limit + 1;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return bounded(await resultOf(query, most, hasura), { most, limit: query.limit });
    } catch (thrown) {
      const fits = attempt < mostAttempts ? rowsThatFit(thrown) : undefined;
      if (fits === undefined || fits === 0) throw queryFailure(thrown, query);
      most = fits;
    }
  }
}

async function resultOf(
  { statement, target }: Query,
  most: number,
  hasura: Hasura,
): Promise<SqlResult> {
  const result = await hasura.runSql({
    ...target,
    sql: querySql(statement, most),
    checkMetadataConsistency: false,
    readOnly: true,
    limitMs: queryLimitMs,
  });
  if (result.truncated === true) throw tooLarge();
  return result;
}

/** At most `limit` rows, and no more bytes than an answer may have: EXPLAIN and SHOW are not measured before. */
function bounded(
  { columns, rows }: SqlResult,
  { most, limit }: { readonly most: number; readonly limit: number },
): Answer {
  let bytes = 0;
  const kept = rows.slice(0, limit).filter((row) => {
    bytes += row.reduce((sum, cell) => sum + Buffer.byteLength(cell ?? ""), 0);
    return bytes <= 2 * answerBytes;
  });
  if (kept.length < Math.min(rows.length, limit) || most < limit)
    return { columns, rows: kept, cut: "size" };
  return { columns, rows: kept, ...((rows.length > limit || most === limit) && { cut: "rows" }) };
}

/** How many rows fit into an answer, if there were too many bytes. */
function rowsThatFit(thrown: unknown): number | undefined {
  if (!(thrown instanceof HasuraCallError)) return undefined;
  const { sqlstate, message = "" } = thrown.database ?? {};
  return sqlstate === checkState.tooLarge && /^\d+$/.test(message) ? Number(message) : undefined;
}

function tooLarge(): Failure {
  return new Failure(
    "usage",
    "sql-answer-too-large",
    `The result is too large: its first row alone exceeds ${String(answerBytes / 1024 / 1024)} MB.`,
    { hints: [textHint("Select fewer columns, or parts of long values: left(column, 1000).")] },
  );
}

/** An error of the database as a failure of the statement; anything else as a problem with Hasura or the network. */
function queryFailure(thrown: unknown, query: Query): unknown {
  if (!(thrown instanceof HasuraCallError)) return thrown;
  if (thrown.outcome !== "rejected" || isAccessDenied(thrown) || thrown.status === 404)
    return hasuraFailure(thrown, "running the query");
  const { database } = thrown;
  const { message, sqlstate } = database ?? {};
  if (message === undefined) return hidden(thrown);
  switch (sqlstate) {
    case checkState.connection:
      return readsDifferently();
    case checkState.volatile:
      return callsVolatile(message);
    case checkState.tooLarge:
      return tooLarge();
    default:
      return refusedByDatabase(message, thrown, query);
  }
}

function refusedByDatabase(
  message: string,
  { database = {} }: HasuraCallError,
  { sql, environment }: Query,
): Failure {
  const { sqlstate, detail, hint } = database;
  const state = sqlstate === undefined ? "" : ` (SQLSTATE ${sqlstate})`;
  return new Failure("usage", "sql-error", `The query failed: ${message}${state}`, {
    sql: {
      message,
      ...(sqlstate !== undefined && { sqlstate }),
      ...(detail !== undefined && { detail }),
      ...(hint !== undefined && { hint }),
      ...findErrorPosition(maskPasswords(sql), { message, sqlstate }),
    },
    hints: adviceFor(sqlstate, environment),
  });
}

function adviceFor(sqlstate: string | undefined, environment: string): Hint[] {
  if (sqlstate === "55P03")
    return [
      runHint(
        ["locks", environment],
        "to see who holds the lock; the query waited one second for it",
      ),
      retryHint({ reason: "try it again" }),
    ];
  if (sqlstate === "57014")
    return [textHint("A query may run for 30 seconds: narrow it, or check its plan with EXPLAIN.")];
  if (sqlstate === "25006")
    return [textHint("The query calls a function that writes, but the transaction is read-only.")];
  return [];
}

function hidden(error: HasuraCallError): Failure {
  return new Failure("usage", "sql-error", `The query failed: Hasura reports "${error.message}".`, {
    sql: { message: error.message },
    hints: [
      textHint(
        "Hasura hides the database's error: set HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS=true on the server to see it.",
      ),
    ],
    cause: error,
  });
}

function callsVolatile(name: string): Failure {
  const message = `The statement was not run: ${name} is declared VOLATILE, so it may change something.`;
  return new Failure("usage", "sql-refused", message, {
    sql: { message },
    hints: [textHint("If the function only reads, declare it STABLE in a migration.")],
  });
}

function readsDifferently(): Failure {
  return new Failure(
    "usage",
    "sql-connection",
    "The statement was not run: on this connection of Hasura, standard_conforming_strings is off or client_encoding is not UTF8.",
    {
      hints: [
        textHint(
          "Remove the setting: ALTER ROLE … RESET or ALTER DATABASE … RESET; if a run_sql request left it on one of Hasura's connections, restart Hasura.",
        ),
        retryHint({ reason: "or try again: another connection may not have it" }),
      ],
    },
  );
}
