import type { CommandResult } from "../../command-result.ts";

/** Results, worst first: the first that occurs decides how a command on several environments ends. */
export const severity: readonly CommandResult[] = [
  "bug",
  "migration",
  "unreachable",
  "interrupted",
  "access",
  "usage",
  "metadata",
  "busy",
  "differs",
  "done",
];

/** The worst of several results. */
export function worstResult(results: readonly CommandResult[]): CommandResult {
  return severity.find((result) => results.includes(result)) ?? "done";
}
