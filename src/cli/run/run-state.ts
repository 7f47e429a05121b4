import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { PlanItem } from "../../protocol/plan-items.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { Request } from "../../protocol/request.ts";
import { isSeedEvent, isToRun, type SeedEvent } from "../output/run-view.ts";

type Started = EventOf<"run.started">;

/** A migration or seed that has started and not ended. */
export interface CurrentMigration {
  /** Empty for a seed. */
  readonly version: string;
  readonly name: string;
  readonly transaction: boolean;
}

interface PlannedMigration extends Pick<PlanItem, "version" | "direction" | "transaction"> {
  readonly database: string;
}

/** A seed of the latest plan that is to be run. */
interface PlannedSeed {
  readonly database: string;
  readonly seed: string;
}

/** Everything known about a run, from its request and its events. */
export interface RunState {
  readonly request: Request;
  /** True if the request may change something, so that an unknown outcome matters. */
  readonly changes: boolean;
  /** The first event; undefined until the function has started the run. */
  readonly started: Started | undefined;
  /** Steps of the latest plan. */
  readonly planned: readonly PlannedMigration[];
  readonly plannedSeeds: readonly PlannedSeed[];
  readonly current: CurrentMigration | undefined;
  /** True while it waits for another run or for a lock. */
  readonly waiting: boolean;
  /** What the invocations before this one did, where a run is split into several; `tookMs` in milliseconds. */
  readonly earlier: { readonly applied: number; readonly tookMs: number };
  /** True if `status` listed a migration that is not cleanly applied, or `metadata diff` a difference, or `metadata status` an inconsistent object. */
  readonly differs: boolean;
  /** True if `history` or `cancel` was given a run id and found no such run. */
  readonly lacksRun: boolean;
}

/** The state before the first event. */
export function newRun(request: Request, changes: boolean): RunState {
  return {
    request,
    changes,
    started: undefined,
    planned: [],
    plannedSeeds: [],
    current: undefined,
    waiting: false,
    earlier: { applied: 0, tookMs: 0 },
    differs: false,
    lacksRun: false,
  };
}

/** The state after an event. Closing events carry the totals of the whole run (see `withEarlierParts`). */
export function reduceRun(run: RunState, event: RunEvent | UnknownEvent): RunState {
  switch (event.type) {
    case "run.started":
      return { ...run, started: event };
    case "waiting":
      return { ...run, waiting: event.reason === "run" || event.reason === "lock" };
    case "plan":
      return { ...run, planned: stepsOf(event), waiting: false };
    case "migration.started":
      return { ...run, current: currentMigration(run, event), waiting: false };
    case "migration.applied":
    case "migration.failed":
    case "migration.skipped":
      return { ...run, current: undefined, waiting: false };
    case "run.paused":
      return {
        ...run,
        current: undefined,
        earlier: { applied: event.applied, tookMs: event.tookMs },
      };
    default:
      return isSeedEvent(event) ? afterSeed(run, event) : afterAnswer(run, event);
  }
}

function afterSeed(run: RunState, event: SeedEvent): RunState {
  switch (event.type) {
    case "seed.plan":
      return { ...run, plannedSeeds: seedsOf(event), waiting: false };
    case "seed.started": {
      const current = { version: "", name: event.seed, transaction: true };
      return { ...run, current, waiting: false };
    }
    case "seed.applied":
    case "seed.failed":
    case "seed.skipped":
      return { ...run, current: undefined, waiting: false };
    case "seed.unknown":
      return run;
  }
}

/** The state after an event that answers a question. */
function afterAnswer(run: RunState, event: RunEvent | UnknownEvent): RunState {
  switch (event.type) {
    case "status":
      return { ...run, differs: run.differs || listsDifference(event) };
    case "metadata.diff":
      return { ...run, differs: run.differs || event.changes.length > 0 };
    case "metadata.status":
      return { ...run, differs: run.differs || event.inconsistent.length > 0 };
    case "history":
    case "cancel.requested":
      return { ...run, lacksRun: askedRun(run) !== undefined && event.runs.length === 0 };
    default:
      return run;
  }
}

/** The id, or its beginning, of the one run that is asked about. */
export function askedRun({ request }: Pick<RunState, "request">): string | undefined {
  return request.operation === "history" || request.operation === "cancel"
    ? request.options.run
    : undefined;
}

/** True if the function offers the operation for this run. The embedded function ends with this process, so it never does. */
export function serves({ request, started }: RunState, operation: Operation): boolean {
  return request.environment !== "local" && (started?.operations.includes(operation) ?? false);
}

/** A closing event counts what its own invocation did: the totals of earlier invocations are added. */
export function withEarlierParts(
  { earlier }: RunState,
  event: RunEvent | UnknownEvent,
): RunEvent | UnknownEvent {
  if (event.type !== "run.finished" && event.type !== "run.failed" && event.type !== "run.paused")
    return event;
  return {
    ...event,
    applied: earlier.applied + event.applied,
    tookMs: earlier.tookMs + event.tookMs,
  };
}

function stepsOf({ databases }: EventOf<"plan">): PlannedMigration[] {
  return databases.flatMap(({ database, items }) =>
    items.map(({ version, direction, transaction }) => ({
      database,
      version,
      direction,
      transaction,
    })),
  );
}

function seedsOf({ databases }: EventOf<"seed.plan">): PlannedSeed[] {
  return databases.flatMap(({ database, items }) =>
    items.filter(isToRun).map(({ seed }) => ({ database, seed })),
  );
}

function currentMigration(
  { planned }: RunState,
  { database, version, name, direction }: EventOf<"migration.started">,
): CurrentMigration {
  const step = planned.find(
    (other) =>
      other.database === database && other.version === version && other.direction === direction,
  );
  return { version, name, transaction: step?.transaction ?? true };
}

function listsDifference({ databases }: EventOf<"status">): boolean {
  return databases.some(({ migrations }) => migrations.some(({ state }) => state !== "applied"));
}
