import { hidden } from "../../metadata/diff/secrets.ts";
import type { MetadataChange, MetadataFieldChange } from "../../protocol/metadata-change.ts";

/*
 * Somebody else may change the server's metadata after the differences were shown and before the metadata is
 * replaced. The run continues only if it overwrites nothing that was not shown.
 */

/** True for a difference whose values are not shown in full: a secret, a text with a secret in it, or a long text. */
export function hidesValue({ isSecret, from, to }: MetadataFieldChange): boolean {
  return isSecret === true || isPartlyHidden(from) || isPartlyHidden(to);
}

const isPartlyHidden = (text = ""): boolean => text.endsWith("…") || text.includes(hidden);

/**
 * The changes that would overwrite something that was not shown. `between`: what has changed on the server since the differences
 * were shown, for values that are not visible.
 */
export function unseenChanges(
  now: readonly MetadataChange[],
  shown: readonly MetadataChange[],
  between: readonly MetadataChange[],
): readonly MetadataChange[] {
  const known = byIdentity(shown);
  const moved = byIdentity(between);
  return now.filter((change) => {
    const before = known.get(identityOf(change));
    const isKnown = before !== undefined && isCovered(change, before);
    return !isKnown || overwritesHidden(change, moved.get(identityOf(change)));
  });
}

/** True if none of the shown differences remains: the metadata was replaced, even if it was changed again since. */
export function isAllDone(
  now: readonly MetadataChange[],
  shown: readonly MetadataChange[],
): boolean {
  const known = byIdentity(shown);
  return !now.some((change) => {
    const before = known.get(identityOf(change));
    return before?.change === change.change && sharesField(change, before);
  });
}

function byIdentity(changes: readonly MetadataChange[]): ReadonlyMap<string, MetadataChange> {
  return new Map(changes.map((change) => [identityOf(change), change]));
}

function identityOf({ path }: MetadataChange): string {
  return JSON.stringify(path.map(({ kind, name }) => [kind, name]));
}

/** The same kind of change, of the same values or fewer. */
function isCovered(now: MetadataChange, before: MetadataChange): boolean {
  if (now.change !== before.change) return false;
  return now.fields.every((field) =>
    before.fields.some((shown) => shown.field === field.field && isPartOf(field, shown)),
  );
}

function isPartOf(now: MetadataFieldChange, shown: MetadataFieldChange): boolean {
  return (
    now.from === shown.from &&
    now.to === shown.to &&
    now.isSecret === shown.isSecret &&
    now.onlyIn === shown.onlyIn &&
    isSubset(now.added, shown.added) &&
    isSubset(now.removed, shown.removed)
  );
}

function isSubset(some: readonly string[] = [], all: readonly string[] = []): boolean {
  return some.every((each) => all.includes(each));
}

function overwritesHidden(now: MetadataChange, moved: MetadataChange | undefined): boolean {
  if (moved === undefined) return false;
  return now.fields.some(
    (field) => hidesValue(field) && moved.fields.some((other) => other.field === field.field),
  );
}

function sharesField(now: MetadataChange, before: MetadataChange): boolean {
  if (now.change !== "changed") return true;
  return now.fields.some((field) => before.fields.some((shown) => shown.field === field.field));
}
