import type { Finding } from "../../../lint/finding.ts";
import { blockedBy } from "../../../lint/lock.ts";
import { exitCodeOf, type CommandResult } from "../../command-result.ts";
import type { CliContext } from "../../context.ts";
import { jsonLine } from "../json-line.ts";
import { countsOf } from "./lint-counts.ts";
import type { LintReport } from "./lint-report.ts";

/** One JSON object per line: each finding, and at the end the counts. docs/lint.md describes them. */
export function writeJson(
  { out }: Pick<CliContext, "out">,
  { findings, checked }: LintReport,
  result: CommandResult,
): void {
  for (const finding of findings) out.write(`${jsonLine(lineOf(finding))}\n`);
  const end = { type: "lint.finished", migrations: checked, ...countsOf(findings) };
  out.write(`${jsonLine({ ...end, exit: exitCodeOf(result) })}\n`);
}

function lineOf({ lock, ...finding }: Finding): object {
  return {
    type: "lint.finding",
    ...finding,
    ...(lock && { lock: { ...lock, blocks: blockedBy(lock.mode) } }),
  };
}
