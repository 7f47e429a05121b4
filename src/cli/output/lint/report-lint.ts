import type { Finding } from "../../../lint/finding.ts";
import type { CommandResult } from "../../command-result.ts";
import type { CliContext } from "../../context.ts";
import { isGithubJob } from "../github/job-page.ts";
import { annotate } from "./lint-github.ts";
import type { LintReport, LintReportOptions } from "./lint-report.ts";
import { writeJson } from "./lint-json.ts";
import { sarifDocument } from "./lint-sarif.ts";
import { writeText } from "./lint-text.ts";

/** Shows the findings in the format that the command line asks for, and returns the exit code. */
export function reportLint(
  context: CliContext,
  options: LintReportOptions,
  report: LintReport,
): CommandResult {
  const result = resultOf(report.findings, options.strict ?? false);
  if (options.sarif)
    context.out.write(`${JSON.stringify(sarifDocument(context, options, report), null, 2)}\n`);
  else if (options.json) writeJson(context, report, result);
  else if (!options.github) writeText(context, options, report);
  if (options.github) annotate(context.out, context, options, report);
  else if (isGithubJob(context)) annotate(context.err, context, options, report);
  return result;
}

function resultOf(findings: readonly Finding[], strict: boolean): CommandResult {
  const fails = findings.some(
    ({ severity }) => severity === "error" || (strict && severity === "warning"),
  );
  return fails ? "differs" : "done";
}
