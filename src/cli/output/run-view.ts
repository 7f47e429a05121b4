import type { DatabasePlan, EventOf, PlanItem } from "../../protocol/events.ts";
import type { CliContext } from "../context.ts";

export interface Row {
  readonly database: string;
  readonly version: string;
  readonly name: string;
}

/** What is known of a run so far, for every way of showing it. */
export interface RunProgress {
  started: EventOf<"run.started"> | undefined;
  databases: readonly DatabasePlan[];
  pending: (Row & { readonly item: PlanItem })[];
  running: (Row & { readonly sinceMs: number }) | undefined;
  applied: number;
  /** The failure of a migration was shown, so the closing event need not show it again. */
  shownFailure: string | undefined;
}

export function newProgress(): RunProgress {
  return {
    started: undefined,
    databases: [],
    pending: [],
    running: undefined,
    applied: 0,
    shownFailure: undefined,
  };
}

/** Takes a plan over: its rows stand as pending until they run. */
export function applyPlan(progress: RunProgress, plan: EventOf<"plan">): void {
  progress.databases = plan.databases;
  progress.pending = plan.databases.flatMap(({ database, items }) =>
    items.map((item) => ({ database, version: item.version, name: item.name, item })),
  );
}

export function markStarted(
  progress: RunProgress,
  event: EventOf<"migration.started">,
  context: CliContext,
): void {
  taken(progress, event);
  progress.running = {
    database: event.database,
    version: event.version,
    name: event.name,
    sinceMs: context.now(),
  };
}

export function markFinished(progress: RunProgress, event: Row): void {
  taken(progress, event);
  progress.running = undefined;
}

/** Only the first row of that version: a redo has each twice, down and up. */
function taken(progress: RunProgress, { database, version }: Row): void {
  const at = progress.pending.findIndex(
    (row) => row.database === database && row.version === version,
  );
  if (at >= 0 && progress.running?.version !== version) progress.pending.splice(at, 1);
}

/** `default` when there is one database, and it needs no naming. */
export function severalDatabases(progress: RunProgress): boolean {
  return progress.databases.filter(({ items }) => items.length > 0).length > 1;
}
