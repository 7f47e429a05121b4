import * as z from "zod";

/** The Hasura CLI stores versions as signed 64-bit integers (docs/internals/hasura-protocol.md, "Versions"). */
export const largestVersion = 2n ** 63n - 1n;

/**
 * A migration's version: a decimal string without leading zeros, never a number (JavaScript loses digits above 2^53).
 * Compare with `compareVersions`.
 */
export const Version = z
  .string()
  .regex(/^(0|[1-9]\d{0,18})$/, "a version is a number such as 1700000000000")
  .refine(
    (text) => text.length < 19 || !/^\d+$/.test(text) || BigInt(text) <= largestVersion,
    "a version is at most 9223372036854775807",
  );
export type Version = z.infer<typeof Version>;

/** Numeric order of two versions, for `sort`. */
export function compareVersions(a: Version, b: Version): number {
  return a.length === b.length ? (a < b ? -1 : a > b ? 1 : 0) : a.length - b.length;
}

/** `1700000000000_add_users`, or with another separator; the version alone where it has no name. */
export function migrationLabel(
  { version, name }: { readonly version: Version; readonly name: string },
  separator: "_" | " " | "  " = "_",
): string {
  return name === "" ? version : `${version}${separator}${name}`;
}

const keptRollback = "ledger:";

/** The path shown for down SQL that is stored in the ledger, not in a file; `label` is the migration's version and name. */
export function keptRollbackPath(label: string): string {
  return `${keptRollback}${label}/down.sql`;
}

/** True for a path made by `keptRollbackPath`, which is not a file. */
export function isKeptRollback(path: string): boolean {
  return path.startsWith(keptRollback);
}

export const Direction = z.enum(["up", "down"]);
export type Direction = z.infer<typeof Direction>;

/**
 * State of a version in one database.
 * pending: has a file, not applied · applied · unknown: applied, but its file is missing · changed: applied, and its file has
 * changed since · dirty: flagged in the catalog state as interrupted · interrupted: recorded as such in the ledger ·
 * running: being applied now.
 */
export const MigrationState = z.enum([
  "pending",
  "applied",
  "unknown",
  "changed",
  "dirty",
  "interrupted",
  "running",
]);
export type MigrationState = z.infer<typeof MigrationState>;
