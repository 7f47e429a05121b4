import type { Request } from "../../protocol/request.ts";
import type { RunState } from "./run-state.ts";

/**
 * The request for the rest of a run that has paused: a count of steps is less what is done, a redo stays with its migration, and
 * the plan that was confirmed is no longer compared, because a part of it is done.
 */
export function continuedRequest(
  original: Request,
  { earlier, planned }: Pick<RunState, "earlier" | "planned">,
): Request {
  switch (original.operation) {
    case "apply": {
      const { expectedPlan: _, ...options } = original.options;
      return { ...original, options: { ...options, ...stepsLeft(options.steps, earlier.applied) } };
    }
    case "down": {
      const { expectedPlan: _, ...options } = original.options;
      return { ...original, options: { ...options, ...stepsLeft(options.steps, earlier.applied) } };
    }
    case "redo": {
      const { expectedPlan: _, version = planned[0]?.version, ...options } = original.options;
      return { ...original, options: { ...options, ...(version !== undefined && { version }) } };
    }
    default:
      return original;
  }
}

/** A run pauses only while a step is left. */
function stepsLeft(steps: number | undefined, done: number): { readonly steps?: number } {
  return steps === undefined ? {} : { steps: Math.max(1, steps - done) };
}
