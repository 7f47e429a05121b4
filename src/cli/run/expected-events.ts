import type { EventOf, RunEvent } from "../../protocol/events.ts";
import { brokenStream, type UnknownEvent } from "../../protocol/ndjson.ts";
import type { Request } from "../../protocol/request.ts";

/** The part of an invocation's reports so far that decides what can follow. */
export interface ReportedSoFar {
  readonly started: boolean;
  readonly migrationFailed: boolean;
}

export const nothingReported: ReportedSoFar = { started: false, migrationFailed: false };

/** Events that can come before `run.started`: a refusal, and events that do not concern a run. */
const beforeStart: ReadonlySet<string> = new Set([
  "run.started",
  "run.failed",
  "heartbeat",
  "log",
  "waiting",
  "unknown",
]);
/** Events that cannot follow the failure of a migration. */
const afterSuccess: ReadonlySet<string> = new Set(["run.finished", "run.paused"]);

/**
 * Checks that an event can be part of the answer to this request, and returns what is known after it. Throws
 * `unreachable/stream-broken` for the start of another run, environment or operation; for an event before the start, except a
 * refusal; and for a run that is reported as finished although one of its migrations failed.
 */
export function expectEvent(
  before: ReportedSoFar,
  event: RunEvent | UnknownEvent,
  request: Request,
): ReportedSoFar {
  if (event.type === "run.started") {
    expectOwn(event, request);
    return { ...before, started: true };
  }
  if (!before.started && !beforeStart.has(event.type))
    throw brokenStream(`"${event.type}" comes before "run.started"`);
  if (before.migrationFailed && afterSuccess.has(event.type))
    throw brokenStream(`"${event.type}" follows a migration that failed`);
  const isFailure = event.type === "migration.failed" || event.type === "seed.failed";
  return isFailure ? { ...before, migrationFailed: true } : before;
}

function expectOwn(event: EventOf<"run.started">, request: Request): void {
  for (const field of ["runId", "environment", "operation"] as const)
    if (event[field] !== request[field])
      throw brokenStream(
        `it belongs to another run (${field} is "${event[field]}", not "${request[field]}")`,
      );
}
