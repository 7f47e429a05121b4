import { quoteLiteral } from "../sql/quote.ts";
import { lockClass, lockId } from "../store/ledger/constants.ts";
import type { RehearsalFrame } from "../store/store.ts";
import rehearsal from "./rehearsal.sql";

/** Limits of a rehearsal, in milliseconds. */
export interface RehearsalLimits {
  /** For each wait for a lock; a file can set another one for itself. */
  readonly lockMs: number;
  /** For all statements together; no file can change it. */
  readonly totalMs: number;
}

/**
 * Runs the statements of these files in order and rolls all of them back, in one `run_sql`. Returns one cell: a report for `readReport`.
 * Requires that no other run or rehearsal is in progress, and keeps others from starting one.
 */
export function rehearsalSql(
  files: readonly (readonly string[])[],
  { lockMs, totalMs }: RehearsalLimits,
  { label, otherRunSql = "" }: RehearsalFrame,
): string {
  let end = 0;
  const ends = files.map(({ length }) => (end += length));
  const values = new Map([
    ["label", label],
    ["other_run", quoteLiteral(otherRunSql)],
    ["lock_timeout", String(lockMs)],
    ["statement_timeout", String(totalMs)],
    ["input", quoteLiteral(JSON.stringify({ statements: files.flat(), ends }))],
    ["lock_class", String(lockClass)],
    ["migration_lock", String(lockId.migration)],
    ["rehearsal_lock", String(lockId.rehearsal)],
    ["runs_lock", String(lockId.runs)],
  ]);
  return rehearsal.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values.get(name) ?? "");
}
