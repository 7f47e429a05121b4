import { markdownCell, markdownTable } from "../markdown/markdown-text.ts";
import { colorsFor } from "../terminal/colors.ts";
import { closingText, countsText } from "../several/environment-lines.ts";
import type { EnvironmentView } from "../several/environment-view.ts";
import { reportMarkdown, type Report } from "../several/report.ts";
import type { PageSection } from "./job-page.ts";

/** What the page of the job begins with after a command on several environments: their report, or how each ended. */
export function severalSection(
  operation: string,
  views: readonly EnvironmentView[],
  { report, now }: { readonly report: Report | undefined; readonly now: number },
): PageSection {
  const title = `### hasura-migrate ${markdownCell(operation)}`;
  switch (report?.kind) {
    case "plans":
    case "diffs":
      return { text: reportMarkdown(report, false), isWhole: true };
    case "matrix":
      return { text: `${title}\n\n${reportMarkdown(report, false)}\n`, isWhole: false };
    case undefined:
      return {
        text: `${title}\n\n${closingTable(views, now)}\n\n${markdownCell(countsText(views))}.\n\n`,
        isWhole: false,
      };
  }
}

function closingTable(views: readonly EnvironmentView[], now: number): string {
  const style = colorsFor({ isTTY: false }, {}, false);
  const rows = views.map((view) => {
    const { sign, text, took } = closingText(view, { style, now });
    return [sign, view.environment, text, took];
  });
  return markdownTable(["", "environment", "result", "time"], rows);
}
