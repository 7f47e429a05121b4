import type { Finding } from "../../../lint/finding.ts";
import type { CliContext, Sink } from "../../context.ts";
import { repositoryPath } from "../../project/repository-path.ts";
import type { LintReport, LintReportOptions } from "./lint-report.ts";

/** GitHub shows at most this many annotations of each level. */
const mostOfALevel = 10;

/** Annotates the lines with findings in GitHub Actions, errors first. The last annotation counts those that GitHub would drop. */
export function annotate(
  sink: Sink,
  { home }: Pick<CliContext, "home">,
  { directory }: LintReportOptions,
  { findings }: LintReport,
): void {
  for (const severity of ["error", "warning"] as const) {
    const found = findings.filter((finding) => finding.severity === severity);
    const shown = found.slice(0, mostOfALevel);
    for (const [i, finding] of shown.entries()) {
      const left = i === mostOfALevel - 1 ? found.length - mostOfALevel : 0;
      sink.writeCommand({
        name: severity,
        properties: {
          file: repositoryPath(finding.file, { cwd: directory, home }),
          line: finding.line,
          col: finding.column,
          title: `hasura-migrate lint: ${finding.rule}`,
        },
        message: sentences(finding, left),
      });
    }
  }
}

function sentences({ message, safeWay }: Finding, left: number): string {
  const more = left > 0 ? [`${String(left)} more findings are in the job's log.`] : [];
  return [message, safeWay, ...more].join("\n");
}
