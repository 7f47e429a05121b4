import { cleanText } from "../../clean-text.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { HasuraCallError, type RunSql } from "../hasura/client.ts";
import { quoteLiteral } from "../sql/quote.ts";
import { refuseForeignPartsSql } from "../store/ledger/sql/ownership.ts";
import { statementHash } from "./statement-hash.ts";

/** The record of a query that has been begun. */
export interface BegunQuery {
  /** Records how it ended: `finished`, or a failure as `kind/code`. Never throws. */
  end(outcome: string): Promise<void>;
}

const limitMs = 15_000;
const readCommitted = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;";

/** The recorded outcome of a query until its end is known, so that a query whose function was killed is recorded too. */
const unanswered = "unreachable/outcome-unknown";

/** A database without a ledger, or with one that this user may not write to: a replica, or a role that only reads. */
const withoutLedger: ReadonlySet<string | undefined> = new Set([
  "42P01",
  "3F000",
  "42501",
  "25006",
]);

/**
 * Records a query in the ledger of its database before it is run: who, when, and the hash of the statement, never its text. The run counts
 * as ended from the beginning, so that migrations do not wait for it. If the database has no ledger that can be written to, only
 * the function's log has it, and a message reports this. Throws `HasuraCallError`.
 */
export async function recordQuery(
  request: RequestOf<"sql">,
  target: Pick<RunSql, "kind" | "source">,
  engine: EngineContext,
): Promise<BegunQuery> {
  const run = async (sql: string): Promise<void> => {
    await engine.hasura.runSql({ ...target, sql, checkMetadataConsistency: false, limitMs });
  };
  const written =
    engine.queryRecord !== undefined && (await isWritten(run, beginSql(request, engine)));
  if (!written) {
    const message =
      "The query is recorded only in the function's log, because this database has no ledger that Hasura's database user can write to.";
    await emit(engine, { type: "log", level: "info", code: "query-not-recorded", message });
    return { end: () => Promise.resolve() };
  }
  return {
    end: async (outcome) => {
      try {
        await run(endSql(request.runId, outcome));
      } catch {
        // It remains recorded as a query without an answer.
      }
    },
  };
}

async function isWritten(run: (sql: string) => Promise<void>, sql: string): Promise<boolean> {
  try {
    await run(sql);
    return true;
  } catch (thrown) {
    if (thrown instanceof HasuraCallError && withoutLedger.has(thrown.database?.sqlstate))
      return false;
    throw thrown;
  }
}

function beginSql(
  { runId, actor, options }: RequestOf<"sql">,
  { queryRecord }: EngineContext,
): string {
  const { requestId = "", imageCommit } = queryRecord ?? {};
  const described = { statement: statementHash(options.sql) };
  const values = [
    quoteLiteral(runId),
    quoteLiteral("sql"),
    jsonSql(actor),
    quoteLiteral(requestId),
    imageCommit === undefined ? "NULL" : quoteLiteral(cleanText(imageCommit)),
    jsonSql(described),
    "pg_catalog.clock_timestamp()",
    quoteLiteral(unanswered),
  ];
  return [
    readCommitted,
    refuseForeignPartsSql,
    `INSERT INTO hasura_migrate.run (id, operation, actor, request_id, image_commit, options, ended_at, outcome)`,
    `VALUES (${values.join(", ")})`,
  ].join("\n");
}

function endSql(run: string, outcome: string): string {
  return [
    readCommitted,
    refuseForeignPartsSql,
    `UPDATE hasura_migrate.run SET outcome = ${quoteLiteral(outcome)}, ended_at = pg_catalog.clock_timestamp()`,
    `WHERE id OPERATOR(pg_catalog.=) ${quoteLiteral(run)} AND operation OPERATOR(pg_catalog.=) 'sql'`,
  ].join("\n");
}

function jsonSql(value: object): string {
  return `${quoteLiteral(cleanText(JSON.stringify(value)))}::pg_catalog.jsonb`;
}
