import type { Matrix } from "../matrix/matrix.ts";
import { matrixMarkdown } from "../matrix/matrix-markdown.ts";
import { plansMarkdown } from "../plans/plan-markdown.ts";
import type { PlanReport } from "../plans/plan-report.ts";

/** A report on the answers of several environments. */
export type Report =
  | { readonly kind: "matrix"; readonly matrix: Matrix }
  | { readonly kind: "plans"; readonly plans: PlanReport };

/** A report as Markdown; `full`: also the rows of a matrix that are the same everywhere. */
export function reportMarkdown(report: Report, full: boolean): string {
  return report.kind === "matrix"
    ? matrixMarkdown(report.matrix, full)
    : plansMarkdown(report.plans);
}
