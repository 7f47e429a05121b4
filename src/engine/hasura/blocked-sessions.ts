import * as z from "zod";
import { LockSession } from "../../protocol/lock-session.ts";
import { maskPasswords } from "../sql/mask-passwords.ts";
import { readStatementLabel } from "../store/ledger/statement-label.ts";
import type { SqlResult } from "./client.ts";

/** Sessions beyond this many are only counted. */
const mostSessions = 100;

/**
 * Every session that waits for a lock in this database, and every session that one of them waits for: one JSON text. `pg_locks` and
 * `pg_blocking_pids` show all sessions to every role; what a session is running, and since when, only to members of `pg_read_all_stats`
 * and to the session's own role.
 */
export const blockedSessionsSql = `SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL statement_timeout = '15s';
WITH waiting AS MATERIALIZED (
  SELECT w.pid, pg_blocking_pids(w.pid) AS blockers
  FROM (SELECT DISTINCT l.pid FROM pg_locks AS l WHERE NOT l.granted) AS w
  JOIN pg_stat_activity AS a ON a.pid = w.pid AND a.datname = current_database()
),
blocked AS (
  SELECT * FROM waiting AS w WHERE cardinality(w.blockers) > 0
),
involved AS (
  SELECT b.pid FROM blocked AS b
  UNION
  SELECT x.pid FROM blocked AS b CROSS JOIN LATERAL unnest(b.blockers) AS x(pid)
)
SELECT json_build_object(
  'sessions', COALESCE(
    (SELECT json_agg(s.session ORDER BY s.place) FROM (${sessionsSql()}) AS s WHERE s.place <= ${mostSessions}),
    '[]'
  ),
  'notShown', GREATEST((SELECT count(*) FROM involved) - ${mostSessions}, 0)
)::text`;

/** One row for each session of `involved`: those that wait for nobody first, then the longest waits. */
function sessionsSql(): string {
  return `
  SELECT
    row_number() OVER (ORDER BY b.pid IS NOT NULL, l.since, a.xact_start, i.pid) AS place,
    json_build_object(
      'pid', i.pid,
      'application', a.application_name,
      'user', a.usename,
      'state', a.state,
      'process', CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type END,
      'openMs', date_part('epoch', clock_timestamp() - a.xact_start) * 1000::double precision,
      'query', NULLIF(left(a.query, 1000), '<insufficient privilege>'),
      'waitsFor', CASE WHEN b.pid IS NOT NULL THEN json_build_object(
        'mode', l.mode,
        'kind', l.locktype,
        'object', l.object,
        'waitedMs', date_part('epoch', clock_timestamp() - l.since) * 1000::double precision
      ) END,
      'blockedBy', COALESCE(
        (
          SELECT json_agg(json_build_object('pid', x.pid, 'holds', (
            SELECT string_agg(DISTINCT h.mode, ', ')
            FROM pg_locks AS h
            WHERE h.pid = x.pid
              AND h.granted
              AND h.locktype = l.locktype
              AND h.database IS NOT DISTINCT FROM l.database
              AND h.relation IS NOT DISTINCT FROM l.relation
              AND h.transactionid::text IS NOT DISTINCT FROM l.transactionid::text
              AND h.classid IS NOT DISTINCT FROM l.classid
              AND h.objid IS NOT DISTINCT FROM l.objid
              AND h.objsubid IS NOT DISTINCT FROM l.objsubid
          )))
          FROM (SELECT DISTINCT u.pid FROM unnest(b.blockers) AS u(pid)) AS x
        ),
        '[]'
      )
    ) AS session
  FROM involved AS i
  LEFT JOIN blocked AS b USING (pid)
  LEFT JOIN pg_stat_activity AS a USING (pid)
  LEFT JOIN LATERAL (
    SELECT
      w.*,
      COALESCE(jsonb_extract_path_text(to_jsonb(w), 'waitstart')::timestamptz, a.query_start) AS since,
      COALESCE(
        w.relation,
        -- A session that waits for a row waits for the transaction that changed it, and holds the row's tuple lock.
        (SELECT t.relation FROM pg_locks AS t WHERE t.pid = w.pid AND t.granted AND t.locktype = 'tuple' LIMIT 1)
      )::regclass::text AS object
    FROM pg_locks AS w
    WHERE w.pid = i.pid AND NOT w.granted
    LIMIT 1
  ) AS l ON true`;
}

/** Values that are null are absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      inner === null || inner === "" ? [] : [[key, withoutNulls(inner)]],
    ),
  );
}

const Answer = z.preprocess(
  withoutNulls,
  z.object({ sessions: z.array(LockSession), notShown: z.int().nonnegative() }),
);

/**
 * Reads the answer to `blockedSessionsSql`. Passwords in statements are masked, and a session that runs a migration or a seed has
 * its name instead of a statement. Throws ZodError for anything else.
 */
export function readBlockedSessions(result: SqlResult): z.infer<typeof Answer> {
  const { sessions, notShown } = Answer.parse(JSON.parse(result.rows[0]?.[0] ?? "null"));
  return { sessions: sessions.map(described), notShown };
}

function described(session: LockSession): LockSession {
  const { query, ...others } = session;
  if (query === undefined) return session;
  const label = readStatementLabel(query);
  // The ledger's own SQL comes first, so the part of the statement that PostgreSQL keeps contains little or nothing of the file.
  if (label && "seed" in label) return { ...others, seed: label.seed };
  if (label) return { ...others, migration: { version: label.version, name: label.name } };
  return { ...others, query: maskPasswords(withoutArguments(query)) };
}

/** A call of a function of the ledger ends at its arguments: they contain down SQL or metadata, as JSON or base64. */
function withoutArguments(query: string): string {
  return query.replace(/\bhasura_migrate\.(\w+)\([^]*/, "hasura_migrate.$1(…)");
}
