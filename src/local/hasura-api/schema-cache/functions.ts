import { mapAt, mapsAt, nameText, qualified } from "../metadata-document.ts";
import type { DatabaseFunction } from "../database/database-schema.ts";
import { onlyFunction, reasons, tableNamed } from "./computed-fields.ts";
import { targetOf, type Findings } from "./findings.ts";
import { NotBuilt, quoted } from "./inconsistency.ts";
import { functionObject } from "./metadata-object.ts";
import { tableTarget } from "./relationships.ts";
import type { BuiltSource } from "./tracked-table.ts";

/** The tracked functions of a source. Each depends on the table that it returns. */
export function buildFunctions(source: BuiltSource, findings: Findings): void {
  for (const entry of mapsAt(source.document, "functions")) {
    const name = qualified(entry["function"]);
    if (name === undefined) continue;
    const object = functionObject(source.name, name);
    const label = quoted(nameText(name));
    const found = findings.attempt(object, `in function ${label}: `, () => {
      const only = onlyFunction(name, source);
      const problems = problemsOf(only, mapAt(entry, "configuration"));
      if (problems.length > 0)
        throw new NotBuilt(`the function ${label} cannot be tracked ${reasons(problems)}`);
      return only;
    });
    if (found === undefined) continue;
    const target = targetOf({ kind: "function", source: source.name, name });
    findings.exists(target);
    findings.depends(object, target, [tableTarget(tableNamed(found.returns), source)]);
  }
}

function problemsOf(found: DatabaseFunction, configuration: ReturnType<typeof mapAt>): string[] {
  const { exposed_as: exposedAs, session_argument: session } = configuration;
  const problems: string[] = [];
  if (found.isVariadic) problems.push('function with "VARIADIC" parameters are not supported');
  if (found.returns.kind !== "c") problems.push('the function does not return a "COMPOSITE" type');
  if (!found.returnsTable) problems.push("the function does not return a table");
  if (!found.isVolatile && exposedAs === "mutation")
    problems.push(
      "the function was requested to be exposed as a mutation, but is not marked VOLATILE. Maybe the function was given the wrong volatility when it was defined?",
    );
  if (typeof session === "string") problems.push(...sessionProblems(found, session));
  return problems;
}

function sessionProblems(found: DatabaseFunction, argument: string): string[] {
  const type = found.parameters[found.parameterNames.indexOf(argument)];
  if (type === undefined)
    return [`given session argument ${quoted(argument)} not the input argument of the function`];
  return type.name === "json"
    ? []
    : [`given session argument ${quoted(argument)} is not of type json`];
}
