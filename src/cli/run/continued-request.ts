import type { Request } from "../../protocol/request.ts";
import type { RunState } from "./run-state.ts";

/**
 * The request for the rest of a run that has paused: a count of steps is less what is done, and a redo stays with its migration.
 * What was confirmed holds for the rest too: the function has kept it. `part`: which invocation of the run it is, from 1.
 */
export function continuedRequest(
  original: Request,
  { earlier, planned }: Pick<RunState, "earlier" | "planned">,
  part: number,
): Request {
  switch (original.operation) {
    case "apply": {
      const steps = stepsLeft(original.options.steps, earlier.applied);
      return { ...original, part, options: { ...original.options, ...steps } };
    }
    case "down": {
      const steps = stepsLeft(original.options.steps, earlier.applied);
      return { ...original, part, options: { ...original.options, ...steps } };
    }
    case "redo": {
      const { version = planned[0]?.version } = original.options;
      return { ...original, part, options: { ...original.options, version } };
    }
    case "reset-to":
    case "seed":
      return { ...original, part };
    default:
      return original;
  }
}

/** A run pauses only while a step is left. */
function stepsLeft(steps: number | undefined, done: number): { readonly steps?: number } {
  return steps === undefined ? {} : { steps: Math.max(1, steps - done) };
}
