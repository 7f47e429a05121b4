/** PostgreSQL's modes of table locks from the weakest to the strongest: as `pg_locks` lists them, and as SQL writes them. */
export const lockModes: ReadonlyMap<string, string> = new Map([
  ["AccessShareLock", "ACCESS SHARE"],
  ["RowShareLock", "ROW SHARE"],
  ["RowExclusiveLock", "ROW EXCLUSIVE"],
  ["ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"],
  ["ShareLock", "SHARE"],
  ["ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"],
  ["ExclusiveLock", "EXCLUSIVE"],
  ["AccessExclusiveLock", "ACCESS EXCLUSIVE"],
]);

const strengths = new Map([...lockModes.keys()].map((mode, i) => [mode, i]));

/** How strong a mode of `pg_locks` is, from 0; undefined for one that is not known. */
export function lockStrength(mode: string): number | undefined {
  return strengths.get(mode);
}
