/** What of a case can differ. */
export type Field =
  | "failed"
  | "executed"
  | "marked"
  | "plan"
  | "runSql"
  | "status"
  | "deletedVersions"
  | "finalState"
  | "finalTable";

export interface Difference {
  readonly case: string;
  readonly fields: readonly Field[];
  readonly why: string;
}

/** Where we differ from the official CLI on purpose. docs/compatibility.md lists each of them by its case. */
export const differences: readonly Difference[] = [
  {
    case: "up-n-more-than-pending-is-an-error-after-applying",
    fields: ["failed"],
    why: "asking for more steps than are pending applies what is pending and succeeds",
  },
  {
    case: "down-n-more-than-applied",
    fields: ["failed"],
    why: "asking for more steps than are applied rolls back what is applied and succeeds",
  },
  {
    case: "up-0-is-no-change",
    fields: ["failed"],
    why: "a count of zero is refused: it is a mistake more often than a wish",
  },
  {
    case: "down-negative-number-means-down-all",
    fields: ["failed", "executed", "finalState"],
    why: 'a negative count is refused and never means "all"',
  },
  {
    case: "up-negative-number-means-up-all",
    fields: ["failed", "executed", "finalState"],
    why: 'a negative count is refused and never means "all"',
  },
  {
    case: "goto-minus-1-rolls-back-everything",
    fields: ["failed", "executed", "finalState"],
    why: "a negative target is refused",
  },
  {
    case: "goto-unknown-version-overshoots-upwards",
    fields: ["executed", "finalState"],
    why: "a target that does not exist is refused before anything runs, not run past",
  },
  {
    case: "goto-unknown-version-overshoots-downwards",
    fields: ["executed", "finalState"],
    why: "a target that does not exist is refused before anything runs, not run past",
  },
  {
    case: "goto-0-leaves-the-lowest-and-fails",
    fields: ["executed", "finalState"],
    why: "a target that does not exist is refused before anything runs; `down --everything` rolls everything back",
  },
  {
    case: "goto-down-fails-at-an-older-local-migration-that-is-not-applied",
    fields: ["executed", "finalState"],
    why: "a target that is not applied is refused before anything is rolled back",
  },
  {
    case: "down-2-second-lacks-down-file-first-is-still-rolled-back",
    fields: ["executed", "finalState"],
    why: "a missing file is found before anything runs, so nothing is rolled back",
  },
  {
    case: "version-with-any-type-but-down-is-up",
    fields: ["failed", "executed", "finalState"],
    why: "there are two directions, and another word is refused",
  },
  {
    case: "all-databases-missing-directory-fails-the-run-but-not-the-others",
    fields: ["failed"],
    why: "a database without migrations is no failure",
  },
  {
    case: "missing-database-directory-fails",
    fields: ["failed"],
    why: "a database without migrations is no failure: there is nothing to do in it",
  },
  {
    case: "database-name-is-required-when-not-interactive",
    fields: ["failed", "executed", "finalState"],
    why: "without a name every database that has migrations is migrated",
  },
  {
    case: "all-databases-with-goto-fails-per-database",
    fields: ["failed", "executed", "finalState"],
    why: "with one database that has migrations a target is clear; with several a name is asked for",
  },
  {
    case: "all-databases-with-dry-run-is-rejected",
    fields: ["failed"],
    why: "a dry run works for several databases as well",
  },
  {
    case: "unknown-keys-of-cli-state-are-lost-on-any-write",
    fields: ["finalState"],
    why: "keys of other tools are kept",
  },
  {
    case: "status-loses-unknown-keys-of-cli-state",
    fields: ["finalState"],
    why: "reading never writes, so nothing is lost",
  },
  {
    case: "settings-value-that-is-not-a-string-stops-every-run",
    fields: ["failed", "executed", "finalState"],
    why: "a setting of another tool that is no string is kept and stops nothing",
  },
  {
    case: "status-of-a-project-without-migrations",
    fields: ["failed", "finalState"],
    why: "nothing is created on disk and reading never writes: a project without its migrations directory is an error that says so",
  },
  {
    case: "body-is-sent-byte-for-byte",
    fields: ["runSql"],
    why: "a byte order mark is stripped, and a file without a statement is recorded and not sent: Hasura would refuse either",
  },
  {
    case: "marker-alone-does-nothing",
    fields: ["runSql"],
    why: "the marker `-- hasura:no-transaction` counts by itself",
  },
  {
    case: "no-transaction-flags-are-exclusive",
    fields: ["failed", "executed", "finalState"],
    why: "since the marker always counts there is no second flag to contradict the first",
  },
  {
    case: "dry-run-leaves-version-0-out-of-its-table",
    fields: ["plan"],
    why: "version 0 is shown like any other",
  },
  {
    case: "delete-one-version",
    fields: ["deletedVersions"],
    why: "`mark VERSION --pending` changes the record; files are left to git",
  },
  {
    case: "delete-all-does-not-ask-without-a-terminal",
    fields: ["deletedVersions"],
    why: "`mark VERSION --pending` changes the record; files are left to git, and nothing is changed without a version's name",
  },
  {
    case: "delete-local-version-that-is-not-applied",
    fields: ["deletedVersions"],
    why: "`mark VERSION --pending` changes the record; files are left to git",
  },
];
