import type { DatabasePlan, EventOf, PlanItem, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { ConnectionInfo } from "../connection/connection.ts";

/** A migration as a line names it. */
export interface Row {
  readonly database: string;
  readonly version: string;
  readonly name: string;
}

export interface PendingRow extends Row {
  readonly item: PlanItem;
}

/** The renderers' state of a run: every line is derived from it and the current event. */
export interface RunView {
  readonly operation: string;
  readonly connection: ConnectionInfo | undefined;
  readonly started: EventOf<"run.started"> | undefined;
  /** Databases of the latest plan. */
  readonly databases: readonly DatabasePlan[];
  readonly dryRun: boolean;
  /** Planned migrations that have not started. */
  readonly pending: readonly PendingRow[];
  /** The migration in progress; `sinceMs` in epoch milliseconds. */
  readonly running: (Row & { readonly sinceMs: number }) | undefined;
  /** How many migrations were applied or rolled back. */
  readonly done: number;
  /** How many of them were rolled back. */
  readonly rolledBack: number;
  /** Objects of the metadata that differ, and whether it was applied. */
  readonly metadata: { readonly differs: number; readonly applied: boolean } | undefined;
  /** What is being waited for. */
  readonly waitingFor: string | undefined;
  /** Message of the migration's failure that was shown, so that the closing event need not repeat it. */
  readonly shownFailure: string | undefined;
  /** True after the closing event. */
  readonly closed: boolean;
}

export function newRunView(operation: string): RunView {
  return {
    operation,
    connection: undefined,
    started: undefined,
    databases: [],
    dryRun: false,
    pending: [],
    running: undefined,
    done: 0,
    rolledBack: 0,
    metadata: undefined,
    waitingFor: undefined,
    shownFailure: undefined,
    closed: false,
  };
}

/** The view after an event that arrived at `now` (epoch milliseconds). Every event ends the current wait. */
export function reduceView(view: RunView, event: RunEvent | UnknownEvent, now: number): RunView {
  const next = { ...view, waitingFor: undefined };
  switch (event.type) {
    case "run.started":
      return { ...next, started: event };
    case "plan":
      return {
        ...next,
        databases: event.databases,
        dryRun: event.dryRun ?? false,
        pending: pendingRows(event),
      };
    case "migration.started": {
      const { database, version, name } = event;
      return {
        ...next,
        pending: withoutFirst(view, event),
        running: { database, version, name, sinceMs: now },
      };
    }
    case "migration.applied":
      return {
        ...finishMigration(next, event),
        done: view.done + 1,
        rolledBack: view.rolledBack + (event.direction === "down" ? 1 : 0),
      };
    case "migration.failed":
      return { ...finishMigration(next, event), shownFailure: event.failure.message };
    case "migration.skipped":
      return finishMigration(next, event);
    case "waiting":
      return { ...next, waitingFor: event.message };
    case "run.finished":
    case "run.failed":
      return closeView(next);
    default:
      return metadataView(next, event);
  }
}

/** The view after an event about metadata; any other changes nothing. */
function metadataView(view: RunView, event: RunEvent | UnknownEvent): RunView {
  if (event.type === "metadata.applied")
    return { ...view, metadata: { differs: event.objects, applied: true } };
  if (event.type !== "metadata.diff") return view;
  const differs = event.changes.filter(({ isInside }) => !isInside).length;
  return { ...view, dryRun: event.dryRun ?? view.dryRun, metadata: { differs, applied: false } };
}

/** The view after the last event: nothing is in progress any more. */
export function closeView(view: RunView): RunView {
  return { ...view, closed: true, waitingFor: undefined, running: undefined, pending: [] };
}

/** True if rows need to name their database. */
export function severalDatabases({ databases }: RunView): boolean {
  return databases.filter(({ items }) => items.length > 0).length > 1;
}

/** True if the plan is the command's result, not the start of a run. */
export function planIsResult({ operation, dryRun }: RunView): boolean {
  return dryRun || operation === "plan";
}

function pendingRows({ databases }: EventOf<"plan">): PendingRow[] {
  return databases.flatMap(({ database, items }) =>
    items.map((item) => ({ database, version: item.version, name: item.name, item })),
  );
}

function finishMigration(view: RunView, row: Row): RunView {
  return { ...view, pending: withoutFirst(view, row), running: undefined };
}

/** Removes the first row of a version that has not started: a redo has each version twice, down and up. */
function withoutFirst({ pending, running }: RunView, { database, version }: Row): PendingRow[] {
  const at = pending.findIndex((row) => row.database === database && row.version === version);
  if (at < 0 || running?.version === version) return [...pending];
  return pending.toSpliced(at, 1);
}
