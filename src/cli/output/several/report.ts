import { diffsMarkdown, type DiffReport } from "../diffs/diff-markdown.ts";
import type { Matrix } from "../matrix/matrix.ts";
import { matrixMarkdown } from "../matrix/matrix-markdown.ts";
import { plansMarkdown } from "../plans/plan-markdown.ts";
import type { PlanReport } from "../plans/plan-report.ts";

/** A report on the answers of several environments. */
export type Report =
  | { readonly kind: "matrix"; readonly matrix: Matrix }
  | { readonly kind: "plans"; readonly plans: PlanReport }
  | { readonly kind: "diffs"; readonly diffs: DiffReport };

/** A report as Markdown; `full`: also the rows of a matrix that are the same everywhere. */
export function reportMarkdown(report: Report, full: boolean): string {
  switch (report.kind) {
    case "matrix":
      return matrixMarkdown(report.matrix, full);
    case "plans":
      return plansMarkdown(report.plans);
    case "diffs":
      return diffsMarkdown(report.diffs);
  }
}
