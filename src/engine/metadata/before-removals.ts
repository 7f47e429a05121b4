import type { MetadataState, OpenReplacement } from "../store/store.ts";
import { isTakenOut } from "./replacement-numbers.ts";

/**
 * The metadata before unfinished deployments removed objects from it. These are earlier invocations of this run, or runs that were killed.
 * Undefined if there are none, or if somebody else has replaced the metadata since.
 * @param replacements the newest first
 * @param now the server's metadata now, or before this run removed objects
 */
export function beforeRemovals(
  replacements: readonly OpenReplacement[],
  now: MetadataState,
): MetadataState | undefined {
  let state = now;
  for (const replacement of replacements) {
    const { before } = replacement;
    // It was recorded but never took effect, or it belongs to this run.
    if (before.checksum === state.checksum) continue;
    if (!isTakenOut(replacement) || !leadsTo(state, replacement)) break;
    state = before;
  }
  return state === now ? undefined : state;
}

/** The outcome of a replacement is not recorded if its run was killed; Hasura's version goes up by one with each. */
function leadsTo(state: MetadataState, { before, after }: OpenReplacement): boolean {
  return after === undefined
    ? before.version + 1 === state.version
    : after.checksum === state.checksum;
}
