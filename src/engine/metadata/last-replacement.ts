import type { MetadataChangeRecord } from "../store/store.ts";

/** A record of a replacement. */
export interface ReplacementRecord extends MetadataChangeRecord {
  readonly replaced: NonNullable<MetadataChangeRecord["replaced"]>;
}

/** The records of replacements, in the same order. */
export function replacementsIn(changes: readonly MetadataChangeRecord[]): ReplacementRecord[] {
  return changes.flatMap((change) => {
    const { replaced } = change;
    return replaced === undefined ? [] : [{ ...change, replaced }];
  });
}

/**
 * The last replacement that took effect. `changes`: the newest first. A run that was killed can have recorded one that it never sent: the
 * server then still has the version that was to be replaced.
 */
export function lastReplacement(
  changes: readonly MetadataChangeRecord[],
  resourceVersion: number,
): ReplacementRecord | undefined {
  return replacementsIn(changes).find(({ replaced }) => replaced.version !== resourceVersion);
}
