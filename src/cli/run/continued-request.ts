import type { Request } from "../../protocol/request.ts";
import type { RunState } from "./run-state.ts";

/**
 * The request for the rest of a run that has paused: a count of steps is less what is done, a redo stays with its migration, and
 * the confirmed plan is no longer compared, because part of it is done.
 */
export function continuedRequest(
  original: Request,
  { earlier, planned }: Pick<RunState, "earlier" | "planned">,
): Request {
  switch (original.operation) {
    case "apply": {
      const steps = stepsLeft(original.options.steps, earlier.applied);
      return { ...original, options: { ...original.options, ...steps, expectedPlan: undefined } };
    }
    case "down": {
      const steps = stepsLeft(original.options.steps, earlier.applied);
      return { ...original, options: { ...original.options, ...steps, expectedPlan: undefined } };
    }
    case "redo": {
      const { version = planned[0]?.version } = original.options;
      return { ...original, options: { ...original.options, version, expectedPlan: undefined } };
    }
    default:
      return original;
  }
}

/** A run pauses only while a step is left. */
function stepsLeft(steps: number | undefined, done: number): { readonly steps?: number } {
  return steps === undefined ? {} : { steps: Math.max(1, steps - done) };
}
