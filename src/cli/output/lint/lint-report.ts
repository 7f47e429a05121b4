import type { Finding, LintMigration } from "../../../lint/finding.ts";
import type { LintOptions } from "../../options/schemas.ts";

/** What `lint` has found. */
export interface LintReport {
  readonly findings: readonly Finding[];
  /** What was read. */
  readonly migrations: readonly LintMigration[];
  /** How many migrations were checked. */
  readonly checked: number;
}

export type LintReportOptions = LintOptions & { readonly directory: string };
