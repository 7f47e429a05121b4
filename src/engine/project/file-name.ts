import type { Direction, Version } from "../../protocol/migration.ts";

/** What a composed file name says (docs/internals/hasura-protocol.md, "File names"). */
export interface MigrationName {
  readonly version: Version;
  readonly name: string;
  readonly direction: Direction;
  /** `sql`; in config version 1 also `yaml` or anything else. */
  readonly extension: string;
}

export type ParsedName = MigrationName | "ignored" | "version-too-large";

const largestSigned = 2n ** 63n - 1n;
const largestUnsigned = 2n ** 64n - 1n;

// `[^\n]` and not `.`: Go's dot takes U+2028 and a carriage return, JavaScript's does not.
const pattern = /^([0-9]+)_([^\n]*)\.(down|up)\.([^\n]*)$/;
const sqlPattern = /^([0-9]+)_([^\n]*)\.(down|up)\.(sql)$/;

/**
 * Reads a composed name: the name of a file that lies flat, or `<directory>.<file>`.
 * What does not match is ignored, as is a number of 2^64 or more; one between 2^63 and 2^64 makes the official CLI panic or
 * run without end (docs/internals/hasura-protocol.md, "Versions"), so it is told apart.
 */
export function parseMigrationName(composed: string, configVersion: number): ParsedName {
  const match = (configVersion === 1 ? pattern : sqlPattern).exec(composed);
  if (!match) return "ignored";
  const [, digits = "", name = "", direction, extension = ""] = match;
  const number = BigInt(digits);
  if (number > largestUnsigned) return "ignored";
  if (number > largestSigned) return "version-too-large";
  return {
    version: number.toString(),
    name,
    direction: direction === "down" ? "down" : "up",
    extension,
  };
}

/** True for an entry that can only be a migration: a directory or flat file that starts with a number and an underscore. */
export function looksLikeMigration(entry: string): boolean {
  return /^[0-9]+_/.test(entry);
}
