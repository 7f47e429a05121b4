import { matrixLines } from "../matrix/matrix-text.ts";
import { plain, plainWithTabs, type Styled } from "../terminal/styled.ts";
import type { EnvironmentView } from "./environment-view.ts";
import { reportMarkdown, type Report } from "./report.ts";
import { closingLines, type EnvironmentLinesOptions } from "./environment-lines.ts";

/** The final output on stdout: how each environment ended, and the matrix; or only the report, as Markdown. */
export function endLines(
  views: readonly EnvironmentView[],
  options: EnvironmentLinesOptions & {
    readonly report: Report | undefined;
    readonly full: boolean;
    readonly markdown: boolean;
    readonly now: number;
  },
): Styled[] {
  const { report, full, markdown } = options;
  if (report && markdown) return reportMarkdown(report, full).split("\n").map(plainWithTabs);
  const closing = closingLines(views, options);
  // Plans are shown above, each below the name of its environment.
  const table = report?.kind === "matrix" ? matrixLines(report.matrix, options) : [];
  return table.length === 0 ? closing : [...closing, plain(""), ...table];
}
