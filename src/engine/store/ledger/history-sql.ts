import type { RunFilter } from "../store.ts";
import { quoteLiteral } from "../../sql/quote.ts";
import { call, literalOrNull, readCommitted } from "./sql-call.ts";

/** Past runs and the current one. Writes nothing. */
export function historySql({ run, limit }: RunFilter, liveMs: number): string {
  return call("history", literalOrNull(run), String(limit ?? defaultHistoryLimit), String(liveMs));
}

/** Past runs and the current one without those of `sql`, and the number of `sql` runs since the oldest listed one: an object with `runs` and `queries`. Writes nothing. */
export function countingHistorySql(
  { limit = defaultHistoryLimit }: RunFilter,
  liveMs: number,
): string {
  return `${readCommitted}
WITH listed AS (
  SELECT r.id, r.started_at
  FROM hasura_migrate.run AS r
  WHERE r.operation OPERATOR(pg_catalog.<>) 'sql'::pg_catalog.text
  ORDER BY r.started_at DESC
  LIMIT ${String(limit)}
)
SELECT pg_catalog.json_build_object(
  'runs', (
    SELECT COALESCE(pg_catalog.json_agg(past.run ORDER BY listed.started_at DESC), '[]'::pg_catalog.json)
    FROM listed
    CROSS JOIN LATERAL pg_catalog.json_array_elements(
      hasura_migrate.history(listed.id, 1, ${String(liveMs)})::pg_catalog.json
    ) AS past(run)
  ),
  'queries', (
    SELECT pg_catalog.count(*)
    FROM hasura_migrate.run AS r
    WHERE r.operation OPERATOR(pg_catalog.=) 'sql'::pg_catalog.text
      AND (
        (SELECT pg_catalog.count(*) FROM listed) OPERATOR(pg_catalog.<) ${String(limit)}
        OR r.started_at OPERATOR(pg_catalog.>=) (SELECT pg_catalog.min(listed.started_at) FROM listed)
      )
  )
)::pg_catalog.text`;
}

const defaultHistoryLimit = 20;

/** The ids of runs that have not ended and begin with `run`. Writes nothing. */
export function openRunsSql(run: string): string {
  return call("open_runs", quoteLiteral(run));
}
