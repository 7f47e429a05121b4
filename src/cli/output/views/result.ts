import type { ResultEvent } from "../entries.ts";
import type { RenderOptions } from "../renderer.ts";
import type { Styled } from "../terminal/styled.ts";
import { cancelLine, historyLines } from "./history.ts";
import { locksLines } from "./locks.ts";
import { planLines } from "./plan.ts";
import { statusLines, type StatusLook } from "./status.ts";

/** The lines of a command's result; see `StatusLook`. */
export function resultLines(
  event: ResultEvent,
  { environment, run }: Pick<RenderOptions, "environment" | "run">,
  look: StatusLook,
): Styled[] {
  const { style, columns } = look;
  // A missing run is a failure, which follows.
  if (run !== undefined && "runs" in event && event.runs.length === 0) return [];
  switch (event.type) {
    case "status":
      return statusLines(event, look);
    case "history":
      return historyLines(event, { whole: run !== undefined, style, columns });
    case "cancel.requested":
      return [cancelLine(event, environment)];
    case "locks":
      return locksLines(event, style, columns);
    case "plan":
      return planLines(event, style, columns);
  }
}
