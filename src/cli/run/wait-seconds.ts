import type { CliContext } from "../context.ts";

/**
 * How long a run waits for another one, in seconds. The default is short for a person, who sees which run it is and can decide,
 * and long for a CI job, where nobody is watching.
 */
export function waitSecondsFor(wait: number | undefined, context: CliContext): number {
  return wait ?? (context.err.isTTY ? 60 : 600);
}
