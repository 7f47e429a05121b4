import type { Matrix } from "../matrix/matrix.ts";
import { matrixMarkdown } from "../matrix/matrix-markdown.ts";
import { matrixLines } from "../matrix/matrix-text.ts";
import { plain, type Styled } from "../terminal/styled.ts";
import type { EnvironmentView } from "./environment-view.ts";
import { closingLines, type EnvironmentLinesOptions } from "./environment-lines.ts";

/** The final output on stdout: how each environment ended, and the matrix; or only the matrix, as Markdown. */
export function endLines(
  views: readonly EnvironmentView[],
  options: EnvironmentLinesOptions & {
    readonly matrix: Matrix | undefined;
    readonly full: boolean;
    readonly markdown: boolean;
    readonly now: number;
  },
): Styled[] {
  const { matrix, full, markdown } = options;
  if (matrix && markdown) return matrixMarkdown(matrix, full).split("\n").map(plain);
  const closing = closingLines(views, options);
  const table = matrix ? matrixLines(matrix, options) : [];
  return table.length === 0 ? closing : [...closing, plain(""), ...table];
}
