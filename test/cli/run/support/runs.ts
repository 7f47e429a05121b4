import { newRun, reduceRun, type RunState } from "../../../../src/cli/run/run-state.ts";
import { RunEvent } from "../../../../src/protocol/events.ts";
import { Request } from "../../../../src/protocol/request.ts";

export const runId = "0199a7c0-0000-7000-8000-000000000000";

export function requestFor(
  environment: string,
  operation: "apply" | "status" | "rehearse" = "apply",
): Request {
  return Request.parse({
    ...{ contract: 1, runId, environment, operation, options: {} },
    actor: { user: "alice", host: "laptop" },
  });
}

export function eventOf(json: object): RunEvent {
  return RunEvent.parse(json);
}

/** The state of an `apply` run after these events. */
export function runAfter(
  events: readonly object[],
  { environment = "dev-3", changes = true } = {},
): RunState {
  return events
    .map(eventOf)
    .reduce(reduceRun, newRun(requestFor(environment, changes ? "apply" : "status"), changes));
}
