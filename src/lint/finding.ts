import type { StatementLock } from "./lock.ts";
import type { RuleId, Severity } from "./rules/rule-ids.ts";

/** Something in a migration that a rule warns about. */
export interface Finding {
  readonly rule: RuleId;
  readonly severity: Exclude<Severity, "off">;
  /** As in `LintFile.path`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters (code points). */
  readonly column: number;
  /** The statement with the finding, as it is written; absent if the finding is about the whole file. */
  readonly statement?: string;
  /** The problem. */
  readonly message: string;
  /** What to do instead. */
  readonly safeWay: string;
  /** The table concerned, and the lock that the statement takes on it. */
  readonly table?: string;
  readonly lock?: StatementLock;
}

/** One file of a migration. */
export interface LintFile {
  /** The path, as it is shown. */
  readonly path: string;
  readonly text: string;
  /** Why the file cannot be read or sent; its text is then empty. */
  readonly problem?: string;
}

/** Something in a file of the metadata because of which the metadata cannot be read. */
export interface MetadataFault extends Pick<Finding, "file" | "line" | "column" | "message"> {
  /** What to do, if more can be advised than to correct the file. */
  readonly advice?: string;
}

/** One migration of a database, with the files it has. */
export interface LintMigration {
  readonly database: string;
  readonly up?: LintFile;
  readonly down?: LintFile;
  /** True if the migration is only read for its tables, and not checked. */
  readonly isKnown?: boolean;
}
