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
  /** The statement it is about, as it is written; absent where it is about the whole file. */
  readonly statement?: string;
  /** What happens. */
  readonly message: string;
  /** What to do instead. */
  readonly safeWay: string;
  /** The table that it is about, and the lock that the statement takes on it. */
  readonly table?: string;
  readonly lock?: StatementLock;
}

/** One file of a migration. */
export interface LintFile {
  /** As it is to be shown. */
  readonly path: string;
  readonly text: string;
  /** Why it cannot be read or sent; the text is empty then. */
  readonly problem?: string;
}

/** One migration of a database, with the files it has. */
export interface LintMigration {
  readonly database: string;
  readonly up?: LintFile;
  readonly down?: LintFile;
  /** Only what earlier migrations say about the tables is read. */
  readonly isKnown?: boolean;
}
