import { Version } from "../../protocol/migration.ts";

/*
 * The only place that puts names and values into SQL text. For PostgreSQL and its family.
 */

/** A name as a quoted identifier: `a"b` becomes `"a""b"`. Throws RangeError for a NUL, which no identifier can hold. */
export function quoteIdentifier(name: string): string {
  return `"${withoutNul(name).replaceAll('"', '""')}"`;
}

/** A text as a literal that does not depend on `standard_conforming_strings`: with a backslash it is written as `E'…'`. */
export function quoteLiteral(text: string): string {
  const quoted = `'${withoutNul(text).replaceAll("'", "''")}'`;
  return quoted.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** A version as a bare number. Throws ZodError for anything else, whatever its type claims. */
export function versionNumber(version: Version): string {
  return Version.parse(version);
}

function withoutNul(text: string): string {
  if (text.includes("\0")) throw new RangeError("A NUL character cannot be part of SQL text.");
  return text;
}
