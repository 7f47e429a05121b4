/**
 * Down files up to this many bytes are kept in the ledger, so that anyone can roll back a migration
 * without its file.
 */
const maxDownSqlBytes = 64 * 1024;

/** True if a store with `keepsDownSql` keeps this text of a down file; jsonb cannot contain a NUL. */
export function isKeptDown(downSql: string): boolean {
  return Buffer.byteLength(downSql) <= maxDownSqlBytes && !downSql.includes("\0");
}

/** The warning `down-not-kept` about a down file that is too long for the ledger; `label` is the migration's version and name. */
export function tooLongToKeep(label: string): string {
  return `The down SQL of ${label} is not stored in the ledger, because it is longer than 64 kB: without its file, the migration cannot be rolled back.`;
}
