import type { DatabasePlan, EventOf, PlanItem, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { duration, plural } from "./format.ts";

/** `3 pending in default (postgres), 214 applied`; the last part is left out where nothing is. */
export function planHeader({ database, kind, applied, items }: DatabasePlan): string {
  const down = items.filter(({ direction }) => direction === "down").length;
  const rest =
    down === 0
      ? `${items.length} pending`
      : down === items.length
        ? `${down} to roll back`
        : `${down} to redo`;
  const what = items.length === 0 ? "nothing to do" : rest;
  return `${what} in ${database} (${kind}), ${applied} applied`;
}

/** What is special about a planned file, as words and not as colours. */
export function itemRemarks(item: PlanItem): string {
  return [
    item.direction === "down" ? "down" : "",
    plural(item.lines, "line"),
    item.transaction ? "" : "no transaction",
    item.outOfOrder ? "out of order" : "",
  ]
    .filter((word) => word !== "")
    .join("  ");
}

/** The last line of a run that went well. */
export function finishedLine(
  event: EventOf<"run.finished">,
  operation: string,
  context: { dryRun: boolean; planned: number; already: number },
): string | undefined {
  if (event.cancelled) return `cancelled: ${event.applied} done, ${event.notReached} not reached`;
  if (context.dryRun)
    return context.planned === 0
      ? "nothing to do"
      : `${plural(context.planned, "migration")} would run; nothing was changed`;
  switch (operation) {
    case "apply":
      return event.applied === 0
        ? `nothing pending, ${context.already} applied`
        : `${event.applied} applied in ${duration(event.tookMs)}`;
    case "down":
      return event.applied === 0
        ? "nothing to roll back"
        : `${event.applied} rolled back in ${duration(event.tookMs)}`;
    case "redo":
      return event.applied === 0 ? "nothing to redo" : `done again in ${duration(event.tookMs)}`;
    default:
      return undefined;
  }
}

/** One line for events that are neither rows nor results; undefined for those that are shown elsewhere or not at all. */
export function eventLine(event: RunEvent | UnknownEvent): string | undefined {
  switch (event.type) {
    case "waiting":
      return `… ${event.message}`;
    case "log":
      return event.level === "debug"
        ? undefined
        : event.level === "warning"
          ? `! ${event.message}`
          : event.message;
    case "metadata.reloaded":
      return reloadedLine(event);
    case "run.paused":
      return `… ${event.reason}; going on`;
    case "unknown":
      return event.line;
    default:
      return undefined;
  }
}

function reloadedLine({
  inconsistent: { broken, before },
}: EventOf<"metadata.reloaded">): string | undefined {
  if (broken.length > 0) {
    const names = broken.map(({ type, name, reason }) => `${type} ${name} (${reason})`).join("; ");
    return `! metadata is now inconsistent: ${names}`;
  }
  return before > 0 ? `! ${plural(before, "metadata object")} inconsistent, as before` : undefined;
}

/** Past participle of what was done to a migration. */
export function pastParticiple(direction: "up" | "down"): string {
  return direction === "up" ? "applied" : "rolled back";
}
