import type { MetadataState, OpenReplacement } from "../store/store.ts";
import { stepOf } from "./replacement-numbers.ts";

/**
 * What is known of unfinished deployments that removed objects from the metadata. These are earlier invocations of this run, or runs that
 * were killed. none: there are none · before: the metadata before them, and when the first of them began (ISO 8601) · changed: somebody else has replaced the metadata since.
 */
export type EarlierRemovals =
  | { readonly kind: "none" }
  | { readonly kind: "before"; readonly state: MetadataState; readonly since: string }
  | { readonly kind: "changed" };

/**
 * @param replacements the newest first
 * @param now the server's metadata now, or before this run removed objects
 */
export function earlierRemovals(
  replacements: readonly OpenReplacement[],
  now: MetadataState,
): EarlierRemovals {
  let [state, hasRemoved, since] = [now, false, ""];
  for (const [index, replacement] of replacements.entries()) {
    const { before } = replacement;
    // It was recorded but never took effect, or it belongs to this run.
    if (before.checksum === state.checksum) continue;
    if (!isOpen(replacement)) break;
    if (!leadsTo(state, replacement)) {
      const isMissing = hasRemoved || hasOpenRemoval(replacements.slice(index));
      return { kind: isMissing ? "changed" : "none" };
    }
    hasRemoved ||= isRemoval(replacement);
    state = before;
    since = replacement.at;
  }
  return hasRemoved ? { kind: "before", state, since } : { kind: "none" };
}

/** True if one of the first, of deployments that did not go further, has removed objects. */
function hasOpenRemoval(replacements: readonly OpenReplacement[]): boolean {
  const end = replacements.findIndex((each) => !isOpen(each));
  return (end === -1 ? replacements : replacements.slice(0, end)).some(isRemoval);
}

/** True for what a deployment does before its migrations. */
function isOpen(replacement: OpenReplacement): boolean {
  const step = stepOf(replacement);
  return step === "takenOut" || step === "sources";
}

const isRemoval = (replacement: OpenReplacement): boolean => stepOf(replacement) === "takenOut";

/** The outcome of a replacement is not recorded if its run was killed; Hasura's version goes up by one with each. */
function leadsTo(state: MetadataState, { before, after }: OpenReplacement): boolean {
  return after === undefined
    ? before.version + 1 === state.version
    : after.checksum === state.checksum;
}
