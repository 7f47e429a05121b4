import type { PlanItem } from "../../protocol/events.ts";
import type { StatementImpact } from "../../protocol/impact.ts";
import { byteSize, countOf } from "./format.ts";

/** What a statement does, in one line: `rewrites orders: 1.2 M rows, 340 MB; blocks reads and writes`. */
export function impactText(impact: StatementImpact): string {
  const { message, loses, effect, table = "a table", blocks } = impact;
  if (message !== undefined) return message;
  const what = loses ? lossText(loses) : `${verbs[effect ?? ""] ?? "changes"} ${table}`;
  const size = impact.table === undefined ? "" : `: ${tableSize(impact)}`;
  const isBlocking = blocks === "reads and writes" || blocks === "writes";
  return `${what}${size}${isBlocking && !isEmpty(impact) ? `; blocks ${blocks}` : ""}`;
}

/** `1.2 M rows, 340 MB`. */
export function tableSize({ rows, bytes }: Pick<StatementImpact, "rows" | "bytes">): string {
  if (rows === 0) return "empty";
  if (bytes === undefined) return "size not known";
  return `${rows === undefined ? "unknown number of rows" : countOf(rows, "row")}, ${byteSize(bytes)}`;
}

function isEmpty({ rows }: StatementImpact): boolean {
  return rows === 0;
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
    case "dependents":
      return `drops ${name} with everything that depends on it`;
    default:
      return `drops the ${what} ${name}`;
  }
}

/** The lines about one planned file, each beginning with its line in the file. */
export function impactLines({ statements = [], notAssessed }: PlanItem): string[] {
  return [
    ...statements.map((impact) => `line ${impact.line}: ${impactText(impact)}${needed(impact)}`),
    ...(notAssessed === undefined ? [] : [`not examined: ${notAssessed}`]),
  ];
}

/** The rules that have to be allowed where the environment is protected. */
function needed({ needs = [] }: StatementImpact): string {
  return needs.length === 0 ? "" : ` [${needs.join(", ")}]`;
}
