/** One line of the report: what was measured, the figure, its ratio to another figure, and the limit that it must keep. */
export interface Line {
  readonly what: string;
  readonly figure: string;
  readonly ratio?: string;
  readonly budget?: string;
}

/** The report as a Markdown table with aligned columns. */
export function tableOf(lines: readonly Line[]): string {
  const rows = [
    ["what", "figure", "ratio", "budget"],
    ...lines.map(({ what, figure, ratio = "", budget = "" }) => [what, figure, ratio, budget]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const text = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const [head = [], ...rest] = rows.map(text);
  return [head, rule, ...rest].join("\n");
}

/** `1234` → `1.23 s`, `12.3` → `12 ms`. */
export function msText(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** The ratio of two durations: `1.20 × node`. */
export function times(ms: number, base: number, baseName: string): string {
  return `${(ms / base).toFixed(2)} × ${baseName}`;
}

/** The middle value. Throws when there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("the median of an empty list");
  return middle;
}
