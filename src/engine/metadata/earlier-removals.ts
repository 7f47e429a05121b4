import type { MetadataState, OpenReplacement } from "../store/store.ts";
import { isTakenOut } from "./replacement-numbers.ts";

/**
 * What is known of unfinished deployments that removed objects from the metadata. These are earlier invocations of this run, or runs that
 * were killed. none: there are none · before: the metadata before them · changed: somebody else has replaced the metadata since.
 */
export type EarlierRemovals =
  | { readonly kind: "none" }
  | { readonly kind: "before"; readonly state: MetadataState }
  | { readonly kind: "changed" };

/**
 * @param replacements the newest first
 * @param now the server's metadata now, or before this run removed objects
 */
export function earlierRemovals(
  replacements: readonly OpenReplacement[],
  now: MetadataState,
): EarlierRemovals {
  let state = now;
  for (const replacement of replacements) {
    const { before } = replacement;
    // It was recorded but never took effect, or it belongs to this run.
    if (before.checksum === state.checksum) continue;
    if (!isTakenOut(replacement)) break;
    if (!leadsTo(state, replacement)) return { kind: "changed" };
    state = before;
  }
  return state === now ? { kind: "none" } : { kind: "before", state };
}

/** The outcome of a replacement is not recorded if its run was killed; Hasura's version goes up by one with each. */
function leadsTo(state: MetadataState, { before, after }: OpenReplacement): boolean {
  return after === undefined
    ? before.version + 1 === state.version
    : after.checksum === state.checksum;
}
