import type { CliContext } from "../context.ts";

/**
 * How long a run waits for another one, in seconds. The default is short for a person, who sees which run it is and can decide,
 * and long for a CI job, where nobody is watching. Undefined for a dry run, which does not wait.
 */
export function waitSecondsFor(
  { wait, dryRun }: { readonly wait?: number | undefined; readonly dryRun?: boolean | undefined },
  context: CliContext,
): number | undefined {
  return dryRun ? undefined : (wait ?? (context.err.isTTY ? 60 : 600));
}
