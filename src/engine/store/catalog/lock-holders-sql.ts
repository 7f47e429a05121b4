import { quoteLiteral } from "../../sql/quote.ts";

/** PostgreSQL keeps at least so many characters of a running statement, as it is configured by default. */
const comparedCharacters = 200;

/**
 * Who holds, or is queued before it for, the lock that a session of this user waits for while it runs `sql`: as the function
 * `lock_holders` of the ledger, which recognises the session by its own lock. Here only the statement's beginning tells which it is.
 */
export function lockHoldersSql(sql: string): string {
  return `SET LOCAL search_path = pg_catalog, pg_temp;
SELECT COALESCE(
  json_agg(
    json_build_object(
      'pid', b.pid,
      'application', a.application_name,
      'user', a.usename,
      'state', a.state,
      'process', CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type END,
      'openMs', date_part('epoch', clock_timestamp() - a.xact_start) * 1000::double precision,
      'waits', EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = b.pid AND NOT l.granted)
    )
    ORDER BY a.xact_start, b.pid
  ),
  '[]'
)::text
FROM (
  SELECT DISTINCT x.pid
  FROM pg_stat_activity AS m
  CROSS JOIN LATERAL unnest(pg_blocking_pids(m.pid)) AS x(pid)
  WHERE m.wait_event_type = 'Lock'
    AND m.datname = current_database()
    AND m.usename = current_user
    AND starts_with(m.query, ${beginningOf(sql)})
) AS b
LEFT JOIN pg_stat_activity AS a USING (pid)`;
}

/** The process id of a session of this user that is running `sql`, as one text; NULL if there is none. */
export function runningPidSql(sql: string): string {
  return `SET LOCAL search_path = pg_catalog, pg_temp;
SELECT min(pid)::text
FROM pg_stat_activity
WHERE state = 'active'
  AND pid <> pg_backend_pid()
  AND datname = current_database()
  AND usename = current_user
  AND starts_with(query, ${beginningOf(sql)})`;
}

/** A character is up to two UTF-16 units. The rest of the file, which may be large, is not copied. */
function beginningOf(sql: string): string {
  const beginning = Array.from(sql.slice(0, 2 * comparedCharacters)).slice(0, comparedCharacters);
  return quoteLiteral(beginning.join(""));
}
