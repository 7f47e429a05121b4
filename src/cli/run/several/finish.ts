import type { Failure } from "../../../protocol/failure.ts";
import type { CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import type { TargetOptions } from "../../options/schemas.ts";
import { reportError } from "../../output/report-error.ts";
import type { Report } from "../../output/several/report.ts";
import type { SeveralRenderer } from "../../output/several/several-renderer.ts";
import { writeLines } from "../../output/terminal/sink.ts";
import { plain } from "../../output/terminal/styled.ts";
import type { OperationSpec } from "../environment-run.ts";
import type { WritePage, WrittenPage } from "./prepare-page.ts";
import { worstResult } from "./worst-result.ts";

/** Checks that the page of `--html` can be written. Undefined without that option. Throws `usage/page-not-written`. */
export async function pageWriter(
  context: CommandContext,
  { report }: OperationSpec,
): Promise<WritePage | undefined> {
  if (report?.kind !== "matrix" || report.html === undefined) return undefined;
  // Only this option needs the page.
  const { preparePage } = await import("./prepare-page.ts");
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
export async function finish(result: CommandResult, finishing: Finishing): Promise<CommandResult> {
  const { context, options, renderer, report } = finishing;
  const page = await writtenPage(result, finishing);
  if (page?.kind === "failed") return finishWithFailure(result, page.failure, finishing);
  renderer.finish(result, report, page?.kind === "stdout" ? page.text : undefined);
  const isNoted = options.quiet !== true && options.json !== true;
  if (page?.kind === "file" && isNoted) writeLines(context.err, [plain(page.note)]);
  return result;
}

/** Writes the page, unless the run was cut short: then one of an earlier run is kept. */
async function writtenPage(
  result: CommandResult,
  { report, writePage }: Finishing,
): Promise<WrittenPage | undefined> {
  if (report?.kind !== "matrix" || result === "interrupted") return undefined;
  return writePage?.(report.matrix);
}

/** Shows the failure of the page below the result; with `--json` above it, because the summary is the last object. */
function finishWithFailure(
  result: CommandResult,
  failure: Failure,
  { context, options, renderer, report }: Finishing,
): CommandResult {
  const worst = worstResult([result, failure.kind]);
  if (options.json) reportError(failure, context);
  renderer.finish(worst, report);
  if (!options.json) reportError(failure, context);
  return worst;
}
