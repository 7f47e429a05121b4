import type { DatabasePlan, EventOf, PlanItem } from "../../protocol/events.ts";
import type { World } from "../world.ts";

export interface Row {
  readonly database: string;
  readonly version: string;
  readonly name: string;
}

/** What is known of a run so far, for every way of showing it. */
export interface Progress {
  started: EventOf<"run.started"> | undefined;
  databases: readonly DatabasePlan[];
  pending: (Row & { readonly item: PlanItem })[];
  running: (Row & { readonly sinceMs: number }) | undefined;
  applied: number;
  /** The failure of a migration was shown, so the closing event need not show it again. */
  shownFailure: string | undefined;
}

export function newProgress(): Progress {
  return { started: undefined, databases: [], pending: [], running: undefined, applied: 0, shownFailure: undefined };
}

/** Takes a plan over: its rows stand as pending until they run. */
export function planned(progress: Progress, plan: EventOf<"plan">): void {
  progress.databases = plan.databases;
  progress.pending = plan.databases.flatMap(({ database, items }) =>
    items.map((item) => ({ database, version: item.version, name: item.name, item })),
  );
}

export function begun(progress: Progress, event: EventOf<"migration.started">, world: World): void {
  taken(progress, event);
  progress.running = { database: event.database, version: event.version, name: event.name, sinceMs: world.now() };
}

export function ended(progress: Progress, event: Row): void {
  taken(progress, event);
  progress.running = undefined;
}

/** Only the first row of that version: a redo has each twice, down and up. */
function taken(progress: Progress, { database, version }: Row): void {
  const at = progress.pending.findIndex((row) => row.database === database && row.version === version);
  if (at >= 0 && progress.running?.version !== version) progress.pending.splice(at, 1);
}

/** `default` when there is one database, and it needs no naming. */
export function severalDatabases(progress: Progress): boolean {
  return progress.databases.filter(({ items }) => items.length > 0).length > 1;
}
