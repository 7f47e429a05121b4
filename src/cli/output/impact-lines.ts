import { impactText } from "../../protocol/impact-text.ts";
import type { StatementImpact } from "../../protocol/impact.ts";
import type { PlanItem } from "../../protocol/plan-items.ts";

/** What one statement of a planned file does, or why the file was not examined. */
export interface PlannedImpact {
  /** Line of the file in which the statement begins. */
  readonly line?: number;
  readonly text: string;
}

/** What is known about the statements of one planned file, in their order. */
export function plannedImpacts({ statements = [], notAssessed }: PlanItem): PlannedImpact[] {
  return [
    ...statements.map((impact) => ({
      line: impact.line,
      text: `${impactText(impact)}${needed(impact)}`,
    })),
    ...(notAssessed === undefined ? [] : [{ text: `not examined: ${notAssessed}` }]),
  ];
}

/** The same as one line, beginning with the line in the file. */
export function impactLine({ line, text }: PlannedImpact): string {
  return line === undefined ? text : `line ${String(line)}: ${text}`;
}

/** The rules that have to be allowed where the environment is protected. */
function needed({ needs = [] }: StatementImpact): string {
  return needs.length === 0 ? "" : ` [${needs.join(", ")}]`;
}
