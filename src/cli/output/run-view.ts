import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { DatabasePlan, DatabaseSeeds, PlanItem, SeedItem } from "../../protocol/plan-items.ts";
import { migrationLabel } from "../../protocol/migration.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { ConnectionInfo } from "../connection/connection.ts";

/** A migration or a seed as a line names it. */
export interface Row {
  readonly database: string;
  /** Empty for a seed. */
  readonly version: string;
  readonly name: string;
}

export type PendingRow = Row & ({ readonly item: PlanItem } | { readonly seed: SeedItem });

/** `1700000000000 add_users`, or the name of a seed. */
export function rowLabel(row: Pick<Row, "version" | "name">): string {
  return row.version === "" ? row.name : migrationLabel(row, " ");
}

/** The renderers' state of a run: every line is derived from it and the current event. */
export interface RunView {
  readonly operation: string;
  readonly connection: ConnectionInfo | undefined;
  readonly started: EventOf<"run.started"> | undefined;
  /** Databases of the latest plan. */
  readonly databases: readonly DatabasePlan[];
  /** The same of a plan of seeds. */
  readonly seeds: readonly DatabaseSeeds[];
  readonly dryRun: boolean;
  /** Planned migrations or seeds that have not started. */
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
  /** That failure was shown without its position, which was still being searched for. */
  readonly placeFollows: boolean;
  /** True after the closing event. */
  readonly closed: boolean;
}

export function newRunView(operation: string): RunView {
  return {
    operation,
    connection: undefined,
    started: undefined,
    databases: [],
    seeds: [],
    dryRun: false,
    pending: [],
    running: undefined,
    done: 0,
    rolledBack: 0,
    metadata: undefined,
    waitingFor: undefined,
    shownFailure: undefined,
    placeFollows: false,
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
        dryRun: event.dryRun === true,
        pending: pendingRows(event),
      };
    case "migration.started":
      return startRow(next, event, now);
    case "migration.applied":
    case "migration.failed":
    case "migration.skipped":
      return afterMigration(next, event);
    case "waiting":
      return { ...next, waitingFor: event.message };
    case "run.finished":
    case "run.failed":
      return closeView(next);
    default:
      return isSeedEvent(event) ? afterSeed(next, event, now) : metadataView(next, event);
  }
}

/** An event about seeds. */
export type SeedEvent = Extract<RunEvent, { type: `seed.${string}` }>;

export function isSeedEvent(event: RunEvent | UnknownEvent): event is SeedEvent {
  return event.type.startsWith("seed.");
}

function afterSeed(view: RunView, event: SeedEvent, now: number): RunView {
  switch (event.type) {
    case "seed.plan": {
      const { databases, dryRun = false } = event;
      return { ...view, seeds: databases, dryRun, pending: pendingSeeds(event) };
    }
    case "seed.started":
      return startRow(view, seedRow(event), now);
    case "seed.applied":
      return { ...finishRow(view, seedRow(event)), done: view.done + 1 };
    case "seed.failed":
      return { ...finishRow(view, seedRow(event)), shownFailure: event.failure.message };
    case "seed.skipped":
      return finishRow(view, seedRow(event));
    case "seed.unknown":
      return view;
  }
}

/** The view after a migration has ended. */
function afterMigration(
  view: RunView,
  event: EventOf<"migration.applied"> | EventOf<"migration.failed"> | EventOf<"migration.skipped">,
): RunView {
  const finished = finishRow(view, event);
  switch (event.type) {
    case "migration.applied":
      return {
        ...finished,
        done: view.done + 1,
        rolledBack: view.rolledBack + (event.direction === "down" ? 1 : 0),
      };
    case "migration.failed":
      return {
        ...finished,
        shownFailure: event.failure.message,
        placeFollows: event.failure.sql?.placeFollows === true,
      };
    case "migration.skipped":
      return finished;
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
export function severalDatabases({ databases, seeds }: RunView): boolean {
  return [...databases, ...seeds].filter(({ items }) => items.length > 0).length > 1;
}

/** A seed of an event as a row. */
export function seedRow({
  database,
  seed,
}: {
  readonly database: string;
  readonly seed: string;
}): Row {
  return { database, version: "", name: seed };
}

/** True for a seed that the run runs. */
export function isToRun({ state }: SeedItem): boolean {
  return state === "pending" || state === "again";
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

function pendingSeeds({ databases }: EventOf<"seed.plan">): PendingRow[] {
  return databases.flatMap(({ database, items }) =>
    items
      .filter(isToRun)
      .map((item) => ({ ...seedRow({ database, seed: item.seed }), seed: item })),
  );
}

function startRow(view: RunView, { database, version, name }: Row, now: number): RunView {
  const row = { database, version, name };
  return {
    ...view,
    pending: withoutFirst(view, row),
    running: { ...row, sinceMs: now },
  };
}

function finishRow(view: RunView, row: Row): RunView {
  return { ...view, pending: withoutFirst(view, row), running: undefined };
}

/** Removes the first row of a step that has not started: a redo has each version twice, down and up. */
function withoutFirst({ pending, running }: RunView, of: Row): PendingRow[] {
  const at = pending.findIndex((row) => row.database === of.database && isSameStep(row, of));
  if (at < 0 || (running && isSameStep(running, of))) return [...pending];
  return pending.toSpliced(at, 1);
}

function isSameStep(a: Row, b: Row): boolean {
  return a.version === b.version && (a.version !== "" || a.name === b.name);
}
