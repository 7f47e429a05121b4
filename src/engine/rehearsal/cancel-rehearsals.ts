import { quoteLiteral } from "../sql/quote.ts";
import { readRehearsalLabel, rehearsalLabelPrefix } from "../store/rehearsal-label.ts";
import type { MigrationStore } from "../store/store.ts";

/**
 * Has the database cancel rehearsals that are running in it, which rolls them back; resolves to their run ids. `run`: that of one, or its
 * beginning. Throws `HasuraCallError`.
 */
export async function cancelRehearsals(
  store: MigrationStore,
  run: string | undefined,
): Promise<readonly string[]> {
  if (store.rehearse === undefined || store.query === undefined) return [];
  const { rows } = await store.query(cancelSql(`${rehearsalLabelPrefix}${run ?? ""}`));
  return rows.flatMap(([label]) => readRehearsalLabel(label ?? "")?.run ?? []);
}

/** Returns the labels of the statements that were cancelled. */
function cancelSql(beginning: string): string {
  return `SELECT pg_catalog.concat(pg_catalog.split_part(a.query, '*/', 1), '*/'), pg_catalog.pg_cancel_backend(a.pid)
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
  AND a.state OPERATOR(pg_catalog.=) 'active'
  AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
  AND pg_catalog.strpos(a.query, ${quoteLiteral(beginning)}) OPERATOR(pg_catalog.=) 1`;
}
