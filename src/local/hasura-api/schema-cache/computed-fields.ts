import {
  mapAt,
  mapsAt,
  fullName,
  nameText,
  qualified,
  textAt,
  type QualifiedName,
} from "../metadata-document.ts";
import type { DatabaseFunction, FunctionType } from "../database/database-schema.ts";
import type { Findings } from "./findings.ts";
import { MissingName, NotBuilt, quoted } from "./inconsistency.ts";
import { partObject } from "./metadata-object.ts";
import type { NewField } from "./relationships.ts";
import type { BuiltSource, TableField, TrackedTable } from "./tracked-table.ts";

/** The computed fields of a table. */
export function buildComputedFields(
  table: TrackedTable,
  source: BuiltSource,
  findings: Findings,
): NewField[] {
  return mapsAt(table.entry, "computed_fields").flatMap((entry) => {
    const name = textAt(entry, "name");
    const object = partObject(table.source, table.name, "computed_fields", entry);
    const context = `in table ${table.label}: in computed field ${quoted(name)}: `;
    const field = findings.attempt(object, context, () =>
      build(name, mapAt(entry, "definition"), table, source),
    );
    if (field === undefined) return [];
    return [{ name, field, object, target: table.part("computed field", name) }];
  });
}

type Definition = ReturnType<typeof mapAt>;

function build(
  field: string,
  definition: Definition,
  table: TrackedTable,
  source: BuiltSource,
): TableField {
  const name = qualified(definition["function"]) ?? { schema: "", name: "" };
  const found = onlyFunction(name, source);
  const problems = problemsOf(name, found, definition, table, source);
  if (problems.length > 0)
    throw new NotBuilt(
      `the computed field ${quoted(field)} cannot be added to table ${table.label} ${reasons(problems)}`,
    );
  const implicit = [definition["table_argument"] ?? null, definition["session_argument"] ?? null];
  const others = found.parameters.length - implicit.filter((each) => each !== null).length;
  const isPlain = others <= (implicit[0] === null ? 1 : 0);
  if (!found.returnsTable) return { kind: "computed field", isPlain };
  return { kind: "computed field", isPlain, returnsTable: tableNamed(found.returns) };
}

/**
 * The function of this name.
 * @throws NotBuilt without one, or with several
 */
export function onlyFunction(name: QualifiedName, { schema }: BuiltSource): DatabaseFunction {
  const [found, ...others] = schema.functions.get(fullName(name)) ?? [];
  const label = quoted(nameText(name));
  if (found === undefined) throw new MissingName(`no such function exists: ${label}`);
  if (others.length > 0)
    throw new NotBuilt(`function ${label} is overloaded. Overloaded functions are not supported`);
  return found;
}

/** Several reasons as the server lists them. */
export function reasons(problems: readonly string[]): string {
  if (problems.length === 1) return `because ${problems[0] ?? ""}`;
  return `for the following reasons:\n${problems.map((each) => `  • ${each}\n`).join("")}`;
}

function problemsOf(
  name: QualifiedName,
  found: DatabaseFunction,
  definition: Definition,
  table: TrackedTable,
  source: BuiltSource,
): string[] {
  const label = quoted(nameText(name));
  const problems: string[] = [];
  if (found.isVolatile)
    problems.push(`the function ${label} is of type VOLATILE; cannot be added as a computed field`);
  problems.push(...returnProblems(label, found, source));
  problems.push(...tableArgumentProblems(label, found, definition["table_argument"], table));
  problems.push(...sessionArgumentProblems(label, found, definition["session_argument"]));
  return problems;
}

function returnProblems(label: string, found: DatabaseFunction, { tables }: BuiltSource): string[] {
  const { returns } = found;
  if (found.returnsTable) {
    const to = tableNamed(returns);
    if (tables.has(fullName(to))) return [];
    return [
      `the function ${label} returning set of table ${quoted(nameText(to))} is not tracked or not found in database`,
    ];
  }
  if (returns.kind === "b" || returns.kind === "e" || returns.kind === "d") return [];
  return [`the function ${label} returning type ${returns.name} is not a BASE type`];
}

function tableArgumentProblems(
  label: string,
  found: DatabaseFunction,
  argument: unknown,
  table: TrackedTable,
): string[] {
  if (typeof argument === "string") {
    const type = found.parameters[found.parameterNames.indexOf(argument)];
    if (type === undefined)
      return [`${quoted(argument)} is not an input argument of the function ${label}`];
    return typeProblems(`${quoted(argument)} argument of the function ${label}`, type, table);
  }
  const [first] = found.parameters;
  if (first === undefined) return [`the function ${label} has no input arguments`];
  return typeProblems(`first argument of the function ${label}`, first, table);
}

function typeProblems(what: string, type: FunctionType, table: TrackedTable): string[] {
  const problems = type.kind === "c" ? [] : [`${what} is not COMPOSITE type`];
  const named = tableNamed(type);
  if (fullName(named) !== fullName(table.name))
    problems.push(
      `${what} of type ${quoted(nameText(named))} is not the table to which the computed field is being added`,
    );
  return problems;
}

function sessionArgumentProblems(
  label: string,
  found: DatabaseFunction,
  argument: unknown,
): string[] {
  if (typeof argument !== "string") return [];
  const type = found.parameters[found.parameterNames.indexOf(argument)];
  if (type === undefined)
    return [`${quoted(argument)} is not an input argument of the function ${label}`];
  if (type.name === "json" || type.name === "jsonb") return [];
  return [`${quoted(argument)} argument of the function ${label} is not of type JSON`];
}

export const tableNamed = ({ schema, name }: FunctionType): QualifiedName => ({ schema, name });
