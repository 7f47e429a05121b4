import { endsInvocation, type EventOf, type RunEvent } from "../../protocol/events.ts";
import type { Direction } from "../../protocol/migration.ts";

/** What the events of a run add up to, over all of its invocations that were observed. */
export interface RunFacts {
  readonly applied: number;
  readonly rolledBack: number;
  /** Versions that were recorded without running SQL. */
  readonly marked: number;
  /** Seeds that were run. */
  readonly seeds: number;
  /** How Hasura's metadata was changed; absent if it was not replaced. */
  readonly metadata?: MetadataFacts;
  readonly failedMigration?: FailedMigration;
  readonly failedSeed?: FailedSeed;
  /** The closing event of the newest invocation. */
  readonly end?: EventOf<"run.finished"> | EventOf<"run.failed"> | EventOf<"run.paused">;
}

export interface MetadataFacts {
  /** Number of objects that were added, removed or changed. */
  readonly objects: number;
  /** Number of objects that became inconsistent. */
  readonly inconsistent: number;
}

export interface FailedMigration {
  readonly database: string;
  readonly version: string;
  readonly name: string;
  readonly direction: Direction;
}

export interface FailedSeed {
  readonly database: string;
  readonly name: string;
}

export const noFacts: RunFacts = { applied: 0, rolledBack: 0, marked: 0, seeds: 0 };

/** The facts after an event. What follows a closing event changes nothing. */
export function factsAfter(facts: RunFacts, event: RunEvent): RunFacts {
  if (facts.end !== undefined && facts.end.type !== "run.paused") return facts;
  switch (event.type) {
    case "migration.applied":
      return event.direction === "up"
        ? { ...facts, applied: facts.applied + 1 }
        : { ...facts, rolledBack: facts.rolledBack + 1 };
    case "migration.marked":
      return { ...facts, marked: facts.marked + 1 };
    case "migration.failed": {
      const { database, version, name, direction } = event;
      return { ...facts, failedMigration: { database, version, name, direction } };
    }
    case "seed.applied":
      return { ...facts, seeds: facts.seeds + 1 };
    case "seed.failed":
      return { ...facts, failedSeed: { database: event.database, name: event.seed } };
    case "metadata.applied": {
      const { objects, inconsistent } = event;
      return { ...facts, metadata: { objects, inconsistent: inconsistent.broken.length } };
    }
    default:
      return endsInvocation(event) ? { ...facts, end: event } : facts;
  }
}

/**
 * How a run ended. `refused`: another run was in the way, the plan had changed or has to be confirmed, or the request was mistyped, and nothing
 * was done; or its request was delivered twice, and another invocation has done it.
 */
export type Outcome = "finished" | "cancelled" | "failed" | "refused";

/** Codes of requests that only their caller can correct. What is wrong with the function or its files fails the run. */
const callerCodes: ReadonlySet<string> = new Set([
  ...["data-loss", "risk-not-allowed", "protected", "wrong-environment"],
  ...["unknown-version", "already-applied", "not-applied", "database-needed", "seed-not-found"],
  ...["usage", "unknown-option", "unknown-operation", "malformed-request", "uploads-not-allowed"],
]);

/** Undefined for a run that has not ended: it is paused, or its process was killed. */
export function outcomeOf(facts: RunFacts): Outcome | undefined {
  const { end } = facts;
  if (end === undefined || end.type === "run.paused") return undefined;
  if (end.type === "run.finished") return end.cancelled === true ? "cancelled" : "finished";
  const { kind, code } = end.failure;
  const hasDoneNothing = !hasFailedStep(facts) && changesOf(facts) === 0;
  const isCallers = kind === "usage" && callerCodes.has(code);
  const isRefusal =
    (kind === "busy" && code === "delivered-twice") ||
    ((kind === "busy" || isCallers) && hasDoneNothing);
  return isRefusal ? "refused" : "failed";
}

function hasFailedStep({ failedMigration, failedSeed }: RunFacts): boolean {
  return failedMigration !== undefined || failedSeed !== undefined;
}

/** How much a run changed. */
export function changesOf({ applied, rolledBack, marked, seeds, metadata }: RunFacts): number {
  // The metadata may have changed although no object is counted: parts of objects are not counted.
  const objects = metadata === undefined ? 0 : Math.max(1, metadata.objects);
  return applied + rolledBack + marked + seeds + objects;
}
