import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { DatabasePlan, DatabaseSeeds, PlanItem, SeedItem } from "../../protocol/plan-items.ts";
import { isKeptRollback, migrationLabel } from "../../protocol/migration.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { shortenList } from "../../shorten-list.ts";
import { duration, localTime, plural } from "./format.ts";
import type { RunView } from "./run-view.ts";

/** `3 pending in default (postgres), 214 applied`. */
export function planHeader({ database, kind, applied, items }: DatabasePlan): string {
  return `${planSummary(items)} in ${database} (${kind}), ${applied} applied`;
}

/** The same above a run, whose rows come one by one: what is rolled back is named first. */
export function runHeader(plan: DatabasePlan): string {
  const header = planHeader(plan);
  const names = rolledBackNames(plan.items);
  return names === "" ? header : `${header}: ${names}`;
}

/** This many migrations are named in a line; the rest are counted. */
const namedAtMost = 3;

/** Names what will be rolled back before it happens: "the last one" may be somebody else's. */
function rolledBackNames(items: readonly PlanItem[]): string {
  const down = items.filter(({ direction }) => direction === "down");
  const names = down.slice(0, namedAtMost).map((item) => migrationLabel(item));
  const more = down.length - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** A redo contains each migration twice: it is rolled back and applied again. */
function planSummary(items: readonly PlanItem[]): string {
  const versions = (direction: PlanItem["direction"]): Set<string> =>
    new Set(items.flatMap((item) => (item.direction === direction ? [item.version] : [])));
  const [down, up] = [versions("down"), versions("up")];
  if (items.length === 0) return "nothing to do";
  if (down.size === 0) return `${up.size} pending`;
  if (up.size === 0) return `${down.size} to roll back`;
  return down.size === up.size && [...down].every((version) => up.has(version))
    ? `${down.size} to redo`
    : `${down.size} to roll back, ${up.size} to apply`;
}

/** `2 seeds to run in default (postgres), 3 already run`. */
export function seedsHeader({ database, kind, items }: DatabaseSeeds): string {
  const before = items.filter(({ state }) => state === "applied").length;
  const toRun = items.length - before;
  const what = toRun === 0 ? "nothing to run" : `${plural(toRun, "seed")} to run`;
  return `${what} in ${database} (${kind}), ${before} already run`;
}

/** What is special about a selected seed. */
export function seedRemarks({ lines, state, appliedAt }: SeedItem): string {
  const run = appliedAt === undefined ? "already run" : `run ${localTime(appliedAt)}`;
  switch (state) {
    case "pending":
      return plural(lines, "line");
    case "again":
      return appliedAt === undefined
        ? plural(lines, "line")
        : `${plural(lines, "line")}  again, ${run}`;
    case "applied":
      return appliedAt === undefined ? run : `already ${run}`;
    case "changed":
      return `! changed since it was run: ${run}`;
    case "unfinished":
      return `! did not finish: ${run}`;
  }
}

/** What is special about a planned file, as text, so that it does not depend on colours. */
export function itemRemarks(item: PlanItem): string {
  return [
    item.direction === "down" ? "down" : "",
    plural(item.lines, "line"),
    isKeptRollback(item.file) ? "from the ledger" : "",
    item.transaction ? "" : "no transaction",
    item.replaces === undefined
      ? ""
      : `recorded in place of ${plural(item.replaces.length, "version")}`,
    item.outOfOrder ? "out of order" : "",
    item.differsFromImage ? "differs from the image" : "",
    item.appliedAt === undefined ? "" : appliedWords(item.appliedAt, item.appliedBy),
  ]
    .filter((word) => word !== "")
    .join("  ");
}

function appliedWords(at: string, by: string | undefined): string {
  return `applied ${localTime(at)}${by === undefined ? "" : ` by ${by}`}`;
}

/** What the last line of a run shows about its plan. */
interface FinishedPlan {
  readonly dryRun: boolean;
  /** Steps of the plan. */
  readonly planned: number;
  /** Migrations or seeds that had been applied before. */
  readonly already: number;
  /** Migrations that this run has rolled back. */
  readonly rolledBack: number;
  /** Objects of the metadata that differ, and whether it was applied. */
  readonly metadata: RunView["metadata"];
}

function cancelledLine(
  { applied, notReached }: EventOf<"run.finished">,
  operation: string,
): string {
  return operation === "rehearse"
    ? "cancelled: everything was rolled back, and nothing was changed"
    : `cancelled: ${applied} done, ${notReached} not run`;
}

/** The last line of a successful run; undefined if the result says it all. */
export function finishedLine(
  event: EventOf<"run.finished">,
  operation: string,
  plan: FinishedPlan,
): string | undefined {
  if (event.cancelled) return cancelledLine(event, operation);
  if (operation === "metadata-apply" || operation === "metadata-restore")
    return metadataLine(event, operation, plan);
  if (!plan.dryRun)
    return operation === "seed" ? seedsDoneLine(event, plan) : doneLine(event, operation, plan);
  const differs = plan.metadata?.differs ?? 0;
  const noun = operation === "seed" ? "seed" : "migration";
  const parts = [
    ...(plan.planned > 0 ? [`${plural(plan.planned, noun)} would run`] : []),
    ...(differs > 0 ? [`${plural(differs, "metadata object")} would change`] : []),
  ];
  return parts.length === 0 ? "nothing to do" : `${parts.join(", ")}; nothing was changed`;
}

function seedsDoneLine(
  { applied, tookMs }: EventOf<"run.finished">,
  { already }: FinishedPlan,
): string {
  return applied === 0
    ? `no seed to run, ${already} already run`
    : `${plural(applied, "seed")} run in ${duration(tookMs)}`;
}

function metadataLine(
  { tookMs }: EventOf<"run.finished">,
  operation: "metadata-apply" | "metadata-restore",
  { dryRun, metadata }: FinishedPlan,
): string | undefined {
  const done = operation === "metadata-apply" ? "applied" : "restored";
  const objects = plural(metadata?.differs ?? 0, "object");
  if (metadata?.applied === true)
    return `metadata ${done}: ${objects} changed in ${duration(tookMs)}`;
  const wouldChange = dryRun && metadata !== undefined && metadata.differs > 0;
  return wouldChange ? `${objects} would change; nothing was changed` : undefined;
}

function doneLine(
  { applied, tookMs }: EventOf<"run.finished">,
  operation: string,
  { planned, already, rolledBack, metadata }: FinishedPlan,
): string | undefined {
  const took = duration(tookMs);
  switch (operation) {
    case "apply":
      return applied === 0
        ? `nothing pending, ${already} applied${changedText(metadata)}`
        : `${applied} applied${changedText(metadata)} in ${took}`;
    case "rehearse":
      return planned === 0 ? `nothing pending, ${already} applied` : undefined;
    case "down":
      return applied === 0 ? "nothing to roll back" : `${applied} rolled back in ${took}`;
    case "reset-to":
      return applied === 0
        ? `nothing to reset, ${already} applied`
        : `${stepsText(applied, rolledBack)} in ${took}`;
    case "redo":
      return applied === 0 ? "nothing to redo" : `redone in ${took}`;
    default:
      return undefined;
  }
}

/** `, 3 metadata objects changed` */
function changedText(metadata: FinishedPlan["metadata"]): string {
  if (metadata?.applied !== true || metadata.differs === 0) return "";
  return `, ${plural(metadata.differs, "metadata object")} changed`;
}

/** `2 rolled back, 1 applied`, of this many steps that were done. */
export function stepsText(done: number, rolledBack: number): string {
  const down = Math.min(done, rolledBack);
  return [
    ...(down > 0 ? [`${down} rolled back`] : []),
    ...(done > down ? [`${done - down} applied`] : []),
  ].join(", ");
}

/** The line for an event that is neither a row nor a result; undefined for one that is not shown. */
export function eventLine(
  event: Extract<
    RunEvent | UnknownEvent,
    {
      type:
        | "waiting"
        | "log"
        | "metadata.applied"
        | "metadata.reloaded"
        | "run.paused"
        | "check"
        | "unknown";
    }
  >,
): string | undefined {
  switch (event.type) {
    case "waiting":
      return `… ${event.message}`;
    case "log":
      if (event.level === "debug") return undefined;
      return event.level === "warning" ? `! ${event.message}` : event.message;
    case "metadata.applied":
    case "metadata.reloaded":
      return inconsistentLine(event);
    case "run.paused":
      return `… ${event.reason}; continuing`;
    case "check":
      // doctor has its own view.
      return undefined;
    case "unknown":
      return event.line;
  }
}

/** Objects that a line names. */
const mostBroken = 5;

type Broken = EventOf<"metadata.reloaded">["inconsistent"]["broken"][number];

/** Hasura's names begin with the type, but older servers have none. */
function brokenText({ type, name, reason }: Broken): string {
  return `${name.startsWith(`${type} `) ? "" : `${type} `}${name} (${reason})`;
}

function inconsistentLine({
  inconsistent: { broken, before },
}: Pick<EventOf<"metadata.reloaded">, "inconsistent">): string | undefined {
  if (broken.length > 0) {
    const names = shortenList(broken.map(brokenText), mostBroken);
    const more = broken.length > mostBroken ? "; metadata status lists all" : "";
    return `! metadata is now inconsistent: ${names}${more}`;
  }
  return before > 0
    ? `! ${plural(before, "metadata object")} already inconsistent before this run`
    : undefined;
}
