import { HasuraError } from "./hasura-error.ts";
import type { MessageForm, MessageOutcome, MessageResult } from "./message.ts";
import type { SessionPool } from "./pool.ts";
import { connectionError } from "./pool.ts";
import type { MessageKind, PgSession } from "./session.ts";

/** The values of `isolation_level` in the metadata of a source. */
export type IsolationLevel = "read-committed" | "repeatable-read" | "serializable";

const isolationSql: Readonly<Record<IsolationLevel, string>> = {
  "read-committed": "ISOLATION LEVEL READ COMMITTED",
  "repeatable-read": "ISOLATION LEVEL REPEATABLE READ",
  serializable: "ISOLATION LEVEL SERIALIZABLE",
};

/** The response body of a `run_sql`. */
export type ResultBody =
  | { readonly result_type: "CommandOk"; readonly result: null }
  | { readonly result_type: "TuplesOk"; readonly result: readonly (readonly (string | null)[])[] };

/**
 * Sends BEGIN, the messages of `work`, and COMMIT; ABORT after any error
 * (docs/internals/hasura-protocol.md, "Transactions and the driver").
 */
export async function inTransaction<T>(
  pool: SessionPool,
  mode: { isolation: IsolationLevel; readOnly: boolean },
  work: (session: PgSession) => Promise<T>,
): Promise<T> {
  return await pool.use(async (session) => {
    await control(
      session,
      "begin",
      `BEGIN ${isolationSql[mode.isolation]} ${mode.readOnly ? "READ ONLY" : "READ WRITE"}`,
    );
    try {
      const result = await work(session);
      await control(session, "commit", "COMMIT");
      return result;
    } catch (thrown) {
      await control(session, "abort", "ABORT");
      throw thrown;
    }
  });
}

/** Sends one of the driver's own messages, whose failure is a 500 "database query error". */
async function control(session: PgSession, kind: MessageKind, sql: string): Promise<void> {
  const outcome = await session.send(kind, sql);
  if (outcome.kind === "lost") throw connectionError(outcome.cause);
  const internal = failureInternal(sql, outcome, true);
  if (internal !== undefined)
    throw new HasuraError(500, "unexpected", "database query error", { internal });
}

/**
 * Sends SQL as one simple query, or as one statement, and returns the last result.
 * @throws HasuraError 400 postgres-error for a failed statement, 500 for a lost connection
 */
export async function runText(
  session: PgSession,
  sql: string,
  form?: MessageForm,
): Promise<ResultBody> {
  const outcome = await session.send("query", sql, form);
  if (outcome.kind === "lost") throw connectionError(outcome.cause);
  const internal = failureInternal(sql, outcome, false);
  if (internal !== undefined)
    throw new HasuraError(400, "postgres-error", "query execution failed", { internal });
  return outcome.kind === "result"
    ? resultBody(outcome.result)
    : { result_type: "CommandOk", result: null };
}

function resultBody(result: MessageResult): ResultBody {
  if (result.status !== "TuplesOk") return { result_type: "CommandOk", result: null };
  return { result_type: "TuplesOk", result: [result.columns, ...result.rows] };
}

/** The `internal` key of an error body; undefined when the message succeeded. */
function failureInternal(
  statement: string,
  outcome: MessageOutcome,
  prepared: boolean,
): object | undefined {
  const error = failureDetail(outcome);
  return error === undefined ? undefined : { statement, prepared, error, arguments: [] };
}

function failureDetail(outcome: MessageOutcome): object | string | undefined {
  if (outcome.kind === "error") {
    const { message, detail, hint, sqlstate } = outcome.error;
    return { exec_status: "FatalError", hint, message, status_code: sqlstate, description: detail };
  }
  if (outcome.kind !== "result") return undefined;
  const { status } = outcome.result;
  if (status === "EmptyQuery")
    return {
      exec_status: "EmptyQuery",
      hint: null,
      message: null,
      status_code: null,
      description: null,
    };
  return status === "CopyIn" || status === "CopyOut"
    ? `Unexpected execStatus: ${status}`
    : undefined;
}
