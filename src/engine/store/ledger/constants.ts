/**
 * The version of the ledger's tables and functions. Increment it with every change to a file in
 * sql/.
 */
export const schemaVersion = 6;

/** The first half of our advisory lock keys (`classid` in `pg_locks`). */
export const lockClass = 1_215_517_255;

/** The second half (`objid`): what is locked. */
export const lockId = { migration: 1, installation: 2, runs: 3, rehearsal: 4 } as const;

/**
 * SQLSTATEs that the ledger's functions raise. Hints only: they do not arrive where Hasura hides
 * internals.
 */
export const sqlstate = {
  busy: "HM001",
  done: "HM002",
  inDoubt: "HM003",
  moved: "HM004",
  gone: "HM005",
  cancelled: "HM006",
  foreignOwner: "HM007",
} as const;
