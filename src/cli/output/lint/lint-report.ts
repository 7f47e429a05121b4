import type { Finding, LintMigration } from "../../../lint/finding.ts";
import type { LintOptions } from "../../options/schemas.ts";

/** The result of `lint`. */
export interface LintReport {
  readonly findings: readonly Finding[];
  /** The files that were read. */
  readonly migrations: readonly LintMigration[];
  /** How many migrations were checked. */
  readonly checked: number;
}

export type LintReportOptions = LintOptions & { readonly directory: string };
