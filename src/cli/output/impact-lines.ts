import type { PlanItem } from "../../protocol/plan-items.ts";
import { impactText } from "../../protocol/impact-text.ts";
import type { StatementImpact } from "../../protocol/impact.ts";

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
