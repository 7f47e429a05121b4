import type { InconsistentObject } from "../hasura/client.ts";

/** Identifies an object in Hasura's lists of inconsistent ones. */
export function inconsistentKey({ type, name }: Pick<InconsistentObject, "type" | "name">): string {
  return `${type} ${name}`;
}

/** The objects that were not inconsistent before. */
export function newlyInconsistent(
  now: readonly InconsistentObject[],
  before: readonly InconsistentObject[],
): InconsistentObject[] {
  const known = new Set(before.map(inconsistentKey));
  return now.filter((object) => !known.has(inconsistentKey(object)));
}
