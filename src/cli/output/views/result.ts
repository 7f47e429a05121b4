import type { EventOf } from "../../../protocol/events.ts";
import type { ResultEvent } from "../entries.ts";
import type { RenderOptions } from "../renderer.ts";
import type { Styled } from "../terminal/styled.ts";
import { cancelLine, historyLines } from "./history.ts";
import { locksLines } from "./locks.ts";
import { metadataDiffLines } from "./metadata-diff.ts";
import { metadataStatusLines } from "./metadata-status.ts";
import { planLines } from "./plan.ts";
import { rehearsalLines } from "./rehearsal.ts";
import { csvLines, rowsLines } from "./rows.ts";
import { seedPlanLines } from "./seeds.ts";
import { statusLines, type StatusLook } from "./status.ts";

/** Where the lines are shown; see `StatusLook`. */
interface ResultLook extends StatusLook {
  /** True for a file or a pipe, where CSV contains every character unchanged. */
  readonly isExact?: boolean;
}

/** The lines of a command's result. */
export function resultLines(
  event: ResultEvent,
  { environment, run, csv, full }: Pick<RenderOptions, "environment" | "run" | "csv" | "full">,
  look: ResultLook,
): Styled[] {
  const { style, columns } = look;
  if (isMissingRun(event, run)) return [];
  switch (event.type) {
    case "status":
      return statusLines(event, look);
    case "history":
      return historyLines(event, { whole: run !== undefined, style, columns });
    case "cancel.requested":
      return [cancelLine(event, environment)];
    case "rows":
      return queryLines(event, csv, look);
    case "locks":
      return locksLines(event, style, columns);
    case "rehearsal":
      return rehearsalLines(event, style, columns);
    case "metadata.diff":
      return metadataDiffLines(event, { style, columns, isFull: full === true });
    case "metadata.status":
      return metadataStatusLines(event, style, columns);
    case "seed.plan":
      return seedPlanLines(event, columns);
    case "plan":
      return planLines(event, style, columns);
  }
}

/** A missing run is a failure, which follows. */
function isMissingRun(event: ResultEvent, run: string | undefined): boolean {
  return run !== undefined && "runs" in event && event.runs.length === 0;
}

function queryLines(
  event: EventOf<"rows">,
  csv: boolean | undefined,
  { style, columns, isExact = false }: ResultLook,
): Styled[] {
  return csv === true ? csvLines(event, isExact) : rowsLines(event, style, columns);
}
