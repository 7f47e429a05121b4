import { Version } from "../../protocol/migration.ts";

/*
 * The only place that puts names and values into SQL, for PostgreSQL and its family.
 */

/** A name as a quoted identifier: `a"b` becomes `"a""b"`. Throws RangeError for a NUL character, which identifiers cannot contain. */
export function quoteIdentifier(name: string): string {
  return `"${withoutNul(name).replaceAll('"', '""')}"`;
}

/** A text as a literal that does not depend on `standard_conforming_strings`: one with a backslash becomes `E'…'`. */
export function quoteLiteral(text: string): string {
  const quoted = `'${withoutNul(text).replaceAll("'", "''")}'`;
  return quoted.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** A version as a bare number. Throws ZodError for anything else. */
export function versionNumber(version: Version): string {
  return Version.parse(version);
}

function withoutNul(text: string): string {
  if (text.includes("\0")) throw new RangeError("SQL cannot contain a NUL character.");
  return text;
}
