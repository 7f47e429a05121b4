import { HasuraError } from "./hasura-error.ts";
import type { Answer, Outcome } from "./message.ts";
import type { SessionPool } from "./pool.ts";
import { connectionError } from "./pool.ts";
import type { MessageKind, PgSession } from "./session.ts";

export type IsolationLevel = "read-committed" | "repeatable-read" | "serializable";

const isolationSql: Readonly<Record<IsolationLevel, string>> = {
  "read-committed": "ISOLATION LEVEL READ COMMITTED",
  "repeatable-read": "ISOLATION LEVEL REPEATABLE READ",
  serializable: "ISOLATION LEVEL SERIALIZABLE",
};

export type ResultBody =
  | { readonly result_type: "CommandOk"; readonly result: null }
  | { readonly result_type: "TuplesOk"; readonly result: readonly (readonly (string | null)[])[] };

/**
 * Three messages, BEGIN, the work's own, COMMIT; ABORT after any error
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

/** A message of the driver's own: its errors are the server's "database query error", a 500. */
async function control(session: PgSession, kind: MessageKind, sql: string): Promise<void> {
  const outcome = await session.send(kind, sql);
  if (outcome.ended === "lost") throw connectionError(outcome.cause);
  const internal = failureInternal(sql, outcome, true);
  if (internal !== undefined)
    throw new HasuraError(500, "unexpected", "database query error", { internal });
}

/** The text as one simple query: the last result, or the 400 of a failed statement. */
export async function runText(session: PgSession, sql: string): Promise<ResultBody> {
  const outcome = await session.send("query", sql);
  if (outcome.ended === "lost") throw connectionError(outcome.cause);
  const internal = failureInternal(sql, outcome, false);
  if (internal !== undefined)
    throw new HasuraError(400, "postgres-error", "query execution failed", { internal });
  return outcome.ended === "answered"
    ? resultBody(outcome.answer)
    : { result_type: "CommandOk", result: null };
}

function resultBody(answer: Answer): ResultBody {
  if (answer.status !== "TuplesOk") return { result_type: "CommandOk", result: null };
  return { result_type: "TuplesOk", result: [answer.columns, ...answer.rows] };
}

/** The `internal` part of an error body; undefined when the message succeeded. */
function failureInternal(
  statement: string,
  outcome: Outcome,
  prepared: boolean,
): object | undefined {
  const error = failureDetail(outcome);
  return error === undefined ? undefined : { statement, prepared, error, arguments: [] };
}

function failureDetail(outcome: Outcome): object | string | undefined {
  if (outcome.ended === "refused") {
    const { message, detail, hint, sqlstate } = outcome.error;
    return { exec_status: "FatalError", hint, message, status_code: sqlstate, description: detail };
  }
  if (outcome.ended !== "answered") return undefined;
  const { status } = outcome.answer;
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
