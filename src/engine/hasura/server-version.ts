/** Major, minor, patch. */
export type ServerVersion = readonly [number, number, number];

/**
 * The first Hasura whose `run_sql` supports `no_transaction` (docs/internals/hasura-protocol.md,
 * "Statements outside a transaction").
 */
export const firstWithNoTransaction: ServerVersion = [2, 45, 3];

/** Parses `v2.48.0`, `2.36.1-cloud.1` and the like; undefined for a build without a version number. */
export function parseServerVersion(text: string): ServerVersion | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text.trim());
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

/** True if `a` is older than `b`. */
export function isOlder(a: ServerVersion, b: ServerVersion): boolean {
  const differs = [0, 1, 2].find((i) => a[i] !== b[i]);
  return differs !== undefined && (a[differs] ?? 0) < (b[differs] ?? 0);
}
