import { allRules } from "../../src/lint/rules/all-rules.ts";
import type { Rule } from "../../src/lint/rules/rule.ts";
import { table } from "./markdown.ts";

/** The rules of `lint` as sections, from the definitions that are checked. */
export function lintRules(): string {
  const overview = table(
    ["rule", "finds that …", "severity"],
    allRules.map(({ id, title, severity }) => [`[\`${id}\`](#${id})`, title, severity]),
  );
  return [overview, ...allRules.map(section)].join("\n\n");
}

function section({ id, title, severity, why, safeWay, example, inDown = false }: Rule): string {
  const { bad, good } = example;
  return [
    `### ${id}`,
    `${sentence(title)} Severity: ${severity}.${inDown ? " Also checked in down.sql." : ""}`,
    why,
    ...(bad === "" ? [] : [`\`\`\`sql\n${bad}\n\`\`\``]),
    `What to do: ${safeWay}`,
    ...(good === "" ? [] : [`\`\`\`sql\n${good}\n\`\`\``]),
  ].join("\n\n");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
