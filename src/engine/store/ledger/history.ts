import * as z from "zod";
import { HistoryRow } from "../../../protocol/events.ts";
import { quoteLiteral } from "../../sql/quote.ts";
import type { SqlResult } from "../../hasura/client.ts";

const rowLimit = 20;

/** One that waits for another run says so at least every four seconds. */
const isWaiting = `(r.waiting AND r.ended_at IS NULL AND r.seen_at > pg_catalog.clock_timestamp() - interval '15 seconds')`;

/** The run `r` gives signs of life: it is at work, or waits for one that is. */
function isAlive(liveMs: number): string {
  return `(r.id IN (SELECT live.id FROM hasura_migrate.live_runs(${String(liveMs)}) AS live) OR ${isWaiting})`;
}

/** Past runs and what each did, the newest first, as one JSON text. `run` may be the beginning of an id. */
export function historySql(
  { run, limit = rowLimit }: { run?: string | undefined; limit?: number | undefined },
  liveMs: number,
): string {
  const which = run === undefined ? "true" : `pg_catalog.starts_with(r.id, ${quoteLiteral(run)})`;
  return `SELECT COALESCE(pg_catalog.json_agg(it ORDER BY it."startedAt" DESC), '[]')::text FROM (
  SELECT r.id AS run, r.operation, r.actor ->> 'user' AS user, r.actor ->> 'host' AS host, r.actor ->> 'gitCommit' AS "gitCommit",
    r.actor ->> 'gitBranch' AS "gitBranch", r.actor ->> 'ciJob' AS "ciJob", r.image_commit AS "imageCommit", r.request_id AS "requestId",
    ${iso("r.started_at")} AS "startedAt", ${iso("r.ended_at")} AS "endedAt", r.outcome,
    r.failure, ${isWaiting} AS waiting, ${isAlive(liveMs)} AS live,
    (SELECT pg_catalog.left(a.query, 4000) FROM hasura_migrate.holders() AS h JOIN pg_catalog.pg_stat_activity AS a USING (pid)
      WHERE pg_catalog.strpos(a.query, r.id) > 0 LIMIT 1) AS query,
    (SELECT pg_catalog.json_build_object('version', x.version::text, 'name', x.name, 'pid', x.pid) FROM hasura_migrate.running AS x WHERE x.run = r.id LIMIT 1) AS running,
    COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('version', s.version::text, 'name', s.name, 'what', s.what, 'ms', s.ms) ORDER BY s.generation)
      FROM hasura_migrate.step AS s WHERE s.run = r.id), '[]') AS steps
  FROM hasura_migrate.run AS r WHERE ${which} ORDER BY r.started_at DESC LIMIT ${String(limit)}
) AS it`;
}

/**
 * Asks runs that have not ended to stop before their next migration, and answers their ids. Without `run`: all of them; those that give
 * no sign of life are asked as well, since they may only be slow, but not named.
 */
export function requestCancelSql(run: string | undefined, liveMs: number): string {
  const which = run === undefined ? "" : ` AND pg_catalog.starts_with(id, ${quoteLiteral(run)})`;
  const named = run === undefined ? ` WHERE ${isAlive(liveMs)}` : "";
  return `WITH r AS (UPDATE hasura_migrate.run SET cancel_asked = true WHERE ended_at IS NULL${which} RETURNING *)
SELECT COALESCE(pg_catalog.json_agg(r.id), '[]')::text FROM r${named}`;
}

/**
 * Ends what a run has at work in the database right now, and only that. Always by cancelling: after
 * a lost connection Hasura's driver sends the statement again (docs/internals/hasura-protocol.md,
 * "Ending a statement from outside").
 */
export function cancelBackend(run: string): string {
  return `SELECT pg_catalog.pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a WHERE a.state = 'active' AND a.pid <> pg_catalog.pg_backend_pid() AND (
  (a.pid IN (SELECT h.pid FROM hasura_migrate.holders() AS h) AND pg_catalog.strpos(a.query, ${quoteLiteral(run)}) > 0)
  OR EXISTS (SELECT FROM hasura_migrate.running AS r WHERE r.run = ${quoteLiteral(run)} AND r.pid = a.pid AND r.backend_start = a.backend_start))`;
}

function iso(column: string): string {
  return `pg_catalog.to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

const Step = z.object({
  version: z.string(),
  name: z.string(),
  what: z.string(),
  ms: z.number().nullable(),
});
const Row = z
  .record(z.string(), z.unknown())
  .transform((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))
  .pipe(
    z.object({
      ...HistoryRow.omit({ migrations: true, doing: true }).shape,
      query: z.string().optional(),
      waiting: z.boolean(),
      running: z.object({ version: z.string(), name: z.string(), pid: z.int() }).optional(),
      steps: z.array(Step),
    }),
  );

/** Reads the answer to `history`. Throws ZodError for anything else. */
export function readHistory(result: SqlResult, database: string): HistoryRow[] {
  return z
    .array(Row)
    .parse(JSON.parse(result.rows[0]?.[0] ?? "[]"))
    .map(({ query, running, steps, waiting, ...row }) => {
      const doing = waiting
        ? "waiting for another run"
        : running
          ? `${running.version} ${running.name} (pid ${String(running.pid)})`
          : inFrame(query);
      const migrations = steps.map(({ ms, ...step }) => ({
        database,
        ...step,
        ...(ms !== null && { ms: Math.round(ms * 1000) / 1000 }),
      }));
      return { ...row, migrations, ...(doing !== undefined && { doing }) };
    });
}

/** The version that a framed statement is about: its second argument to `enter`. */
function inFrame(query: string | undefined): string | undefined {
  return /enter\([^,]*, (\d+), '([^']*)'/
    .exec(query ?? "")
    ?.slice(1, 3)
    .join(" ");
}

/** Reads the answer to `cancellation`. */
export function readCancelled(result: SqlResult): string[] {
  return z.array(z.string()).parse(JSON.parse(result.rows[0]?.[0] ?? "[]"));
}
