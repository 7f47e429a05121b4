import { largestVersion, type Direction, type Version } from "../../protocol/migration.ts";

/** A parsed file name (docs/internals/hasura-protocol.md, "File names"). */
export interface MigrationName {
  readonly version: Version;
  readonly name: string;
  readonly direction: Direction;
  /** `sql`; in config version 1 also `yaml` or anything else. */
  readonly extension: string;
}

export type ParsedName = MigrationName | "ignored" | "version-too-large";

const largestUnsigned = 2n ** 64n - 1n;

// `[^\n]`, not `.`: Go's dot matches U+2028 and a carriage return, JavaScript's does not.
const pattern = /^([0-9]+)_([^\n]*)\.(down|up)\.([^\n]*)$/;
const sqlPattern = /^([0-9]+)_([^\n]*)\.(down|up)\.(sql)$/;

/**
 * Parses the name of a flat file, or `<directory>.<file>`. Names that do not match are ignored, and so is a number of 2^64 or more.
 * One between 2^63 and 2^64 makes the official CLI panic or loop (docs/internals/hasura-protocol.md, "Versions"), so it is
 * reported.
 */
export function parseMigrationName(composed: string, configVersion: number): ParsedName {
  const match = (configVersion === 1 ? pattern : sqlPattern).exec(composed);
  if (!match) return "ignored";
  const [, digits = "", name = "", direction, extension = ""] = match;
  const number = BigInt(digits);
  if (number > largestUnsigned) return "ignored";
  if (number > largestVersion) return "version-too-large";
  return {
    version: number.toString(),
    name,
    direction: direction === "down" ? "down" : "up",
    extension,
  };
}

/**
 * True for the name of a file or directory that is probably meant to be a migration but not named like one: a version with
 * another separator, SQL without a direction, `.sql.txt`.
 */
export function resemblesMigration(entry: string): boolean {
  return (
    /^v?\d/i.test(entry) || /\.sql(\.\w+)?$/i.test(entry) || resembledDirection(entry) !== undefined
  );
}

/** The direction that a file's name probably means: `Up.sql`, `down.SQL`, `up.sql.txt`, `up.txt`. */
export function resembledDirection(file: string): Direction | undefined {
  const word = /(?:^|\.)(up|down)(?:[^a-z]|$)/i.exec(file)?.[1]?.toLowerCase();
  return word === undefined ? undefined : word === "up" ? "up" : "down";
}

/** True for a directory or file name that starts with a number and an underscore. */
export function looksLikeMigration(entry: string): boolean {
  return /^[0-9]+_/.test(entry);
}
