import { didYouMean } from "../../did-you-mean.ts";
import type { Inconsistency } from "./finding.ts";
import type { Relation } from "./schema.ts";
import type { Located } from "./source.ts";

/** What to report for a column that a table or view does not have. */
export function missingColumn(
  { value, path }: Located<string>,
  table: string,
  { columns }: Relation,
): Inconsistency[] {
  if (columns.has(value)) return [];
  const guess = didYouMean(value, [...columns]);
  return [{ path, message: `${table} has no column ${value}.${guess}` }];
}
