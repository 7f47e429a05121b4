import type { StatementLock } from "./lock.ts";

export const severities = ["off", "info", "warning", "error"] as const;
/** How much a finding matters; `off`: the rule is not checked. */
export type Severity = (typeof severities)[number];

/** Something in a migration that a rule warns about. */
export interface Finding {
  /** Id of the rule, such as `column-rewrite`. */
  readonly rule: string;
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
}

/** One migration of a database, with the files it has. */
export interface LintMigration {
  readonly database: string;
  /** Its directory, or its up file, for findings about the migration as a whole. */
  readonly path: string;
  readonly up?: LintFile;
  readonly down?: LintFile;
  /** Only what earlier migrations say about the tables is read. */
  readonly isKnown?: boolean;
}
