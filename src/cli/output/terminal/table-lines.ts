import { padEnd, textWidth, truncate } from "./width.ts";

/** Rows in columns below their headings, each line at most `columns` wide. Without rows there is no line. */
export function tableLines(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns = Infinity,
): string[] {
  if (rows.length === 0) return [];
  const filled = headings.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== ""));
  const all = [headings, ...rows];
  const widths = headings.map((_, i) => Math.max(...all.map((row) => textWidth(row[i] ?? ""))));
  return all.map((row) => {
    const cells = filled.map((i) => padEnd(row[i] ?? "", widths[i] ?? 0));
    return truncate(cells.join("  ").trimEnd(), columns);
  });
}
