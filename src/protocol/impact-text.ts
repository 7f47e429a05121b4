import type { StatementImpact } from "./impact.ts";

/** What a statement does, in one line: `rewrites orders: 1.2 M rows, 340 MB; blocks reads and writes`. */
export function impactText(impact: StatementImpact): string {
  const { message, blocks } = impact;
  if (message !== undefined) return message;
  const what = actionText(impact);
  const size = impact.table === undefined ? "" : `: ${tableSize(impact)}`;
  const isBlocking = blocks === "reads and writes" || blocks === "writes";
  return `${what}${size}${isBlocking && impact.rows !== 0 ? `; blocks ${blocks}` : ""}`;
}

/** The same as part of a sentence: `rewrites orders (1.2 M rows, 340 MB)`. */
export function briefImpact(impact: StatementImpact): string {
  const size = impact.table === undefined ? "" : ` (${tableSize(impact)})`;
  return `${actionText(impact)}${size}`;
}

function actionText({ loses, effect, table = "a table", message }: StatementImpact): string {
  if (effect === undefined && message !== undefined) return message.replace(/\.$/, "");
  return loses ? lossText(loses) : `${verbs[effect ?? ""] ?? "changes"} ${table}`;
}

const verbs: Readonly<Record<string, string>> = {
  scan: "reads all of",
  rewrite: "rewrites",
  rows: "changes rows of",
};

function lossText({ what, name }: NonNullable<StatementImpact["loses"]>): string {
  switch (what) {
    case "rows":
      return `removes all rows of ${name}`;
    case "schema":
      return `drops the schema ${name} with everything in it`;
    case "owned":
      return `drops everything that ${name} owns`;
    case "dependents":
      return `drops ${name} with everything that depends on it`;
    default:
      return `drops the ${what} ${name}`;
  }
}

function tableSize({ rows, bytes }: StatementImpact): string {
  if (rows === 0) return "empty";
  if (bytes === undefined) return "size not known";
  return `${rows === undefined ? "unknown number of rows" : rowCount(rows)}, ${byteSize(bytes)}`;
}

/** A number of rows, a large one rounded: `950 rows`, `12 k rows`, `1.2 M rows`. */
export function rowCount(rows: number): string {
  return `${rounded(rows, ["", "k", "M", "bn"])} ${rows === 1 ? "row" : "rows"}`;
}

/** A number of bytes: `8.2 kB`, `340 MB`. */
export function byteSize(bytes: number): string {
  return rounded(bytes, ["B", "kB", "MB", "GB", "TB"]);
}

/** With the largest unit that leaves at least 1, each 1,000 times the one before. */
function rounded(value: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  // 999.5 would be shown as 1000.
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && rest < 9.95 ? 1 : 0;
  return `${rest.toFixed(digits)} ${units[unit] ?? ""}`.trimEnd();
}
