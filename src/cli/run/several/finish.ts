import type { CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import type { TargetOptions } from "../../options/schemas.ts";
import { reportError } from "../../output/report-error.ts";
import type { Report } from "../../output/several/report.ts";
import type { SeveralRenderer } from "../../output/several/several-renderer.ts";
import { writeLines } from "../../output/terminal/sink.ts";
import { plain } from "../../output/terminal/styled.ts";
import type { OperationSpec } from "../environment-run.ts";
import type { WritePage, WrittenPage } from "./status-page.ts";
import { worstResult } from "./worst-result.ts";

/** Checks that the page of `--html` can be written. Undefined without that option. Throws `usage/page-not-written`. */
export async function pageWriter(
  context: CommandContext,
  { report }: OperationSpec,
): Promise<WritePage | undefined> {
  if (report?.kind !== "matrix" || report.html === undefined) return undefined;
  // Only this option needs the page.
  const { preparePage } = await import("./status-page.ts");
  return preparePage(context, report.html, report);
}

interface Finishing {
  readonly context: CommandContext;
  readonly options: TargetOptions;
  readonly renderer: SeveralRenderer;
  readonly report: Report | undefined;
  readonly writePage: WritePage | undefined;
}

/** Shows how all environments ended, and writes the page of their matrix; resolves to the command's result. */
export async function finish(
  result: CommandResult,
  { context, options, renderer, report, writePage }: Finishing,
): Promise<CommandResult> {
  // A page of an earlier run is kept where this one was cut short.
  const page: WrittenPage | undefined =
    report?.kind === "matrix" && result !== "interrupted"
      ? await writePage?.(report.matrix)
      : undefined;
  switch (page?.kind) {
    case "failed": {
      const worst = worstResult([result, page.failure.kind]);
      // With --json the summary is the last object; otherwise the failure is below the result.
      if (options.json) reportError(page.failure, context);
      renderer.finish(worst, report);
      if (!options.json) reportError(page.failure, context);
      return worst;
    }
    case "stdout":
      renderer.finish(result, report, page.text);
      return result;
    case "file":
    case undefined:
      renderer.finish(result, report);
      if (page && !options.quiet && !options.json) writeLines(context.err, [plain(page.note)]);
      return result;
  }
}
