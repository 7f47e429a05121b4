import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { qualifiedName } from "../document/object-lists.ts";
import type { JsonPath } from "../document/places.ts";
import { didYouMean } from "../../did-you-mean.ts";
import type { Inconsistency } from "./finding.ts";
import { missingColumn } from "./names.ts";
import { hasRelationship, targetOf } from "./relationships.ts";
import { mapsIn, type TableUnderCheck } from "./source.ts";

/** The tables of an expression: the one at this point, and the one at its root. */
interface Scope {
  readonly table: TableUnderCheck;
  readonly root: TableUnderCheck;
}

/** Columns and relationships that the filter or check of a permission uses, and that do not exist. */
export function checkExpression(
  expression: Json | undefined,
  path: JsonPath,
  table: TableUnderCheck,
): Inconsistency[] {
  return expression === undefined ? [] : check(expression, path, { table, root: table });
}

function check(expression: Json, path: JsonPath, scope: Scope): Inconsistency[] {
  if (!isJsonMap(expression)) return [];
  return Object.entries(expression).flatMap(([key, value]) =>
    checkEntry(key, value, [...path, key], scope),
  );
}

function checkEntry(key: string, value: Json, path: JsonPath, scope: Scope): Inconsistency[] {
  switch (key) {
    case "_and":
    case "_or":
    case "$and":
    case "$or":
      return isJsonList(value) ? value.flatMap((each, i) => check(each, [...path, i], scope)) : [];
    case "_not":
    case "$not":
      return check(value, path, scope);
    case "_exists":
    case "$exists":
      return isJsonMap(value) ? checkExists(value, path, scope) : [];
    default:
      return checkName(key, value, path, scope);
  }
}

function checkExists(value: JsonMap, path: JsonPath, scope: Scope): Inconsistency[] {
  const name = qualifiedName(value["_table"]);
  if (name === undefined) return [];
  const { relations } = scope.table.source.schema;
  if (!relations.has(name))
    return [{ path: [...path, "_table"], message: `The table ${name} does not exist.` }];
  const table = tableAt(name, scope);
  return table === undefined
    ? [{ path: [...path, "_table"], message: `The table ${name} is not tracked.` }]
    : check(value["_where"] ?? {}, [...path, "_where"], { ...scope, table });
}

function checkName(name: string, value: Json, path: JsonPath, scope: Scope): Inconsistency[] {
  const { table } = scope;
  const isRelated = hasRelationship(table, name);
  if (!isRelated && table.relation.columns.has(name)) return checkOperators(value, path, scope);
  const target = targetOf(table, name);
  const next = target === undefined ? undefined : tableAt(target, scope);
  if (next !== undefined) return check(value, path, { ...scope, table: next });
  // A relationship to a missing table is reported where it is defined.
  if (isRelated || hasComputedField(table, name)) return [];
  const guess = didYouMean(name, [...table.relation.columns]);
  return [{ path, message: `${table.name} has no column or relationship ${name}.${guess}` }];
}

/** Operators that compare with another column: of the same table or, with "$", of the table at the root. */
const columnOperators = /^[_$](ceq|cne|cneq|cgt|clt|cgte|clte)$/;

function checkOperators(value: Json, path: JsonPath, scope: Scope): Inconsistency[] {
  if (!isJsonMap(value)) return [];
  return Object.entries(value).flatMap(([operator, operand]) => {
    if (operator === "_not" || operator === "$not")
      return checkOperators(operand, [...path, operator], scope);
    if (!columnOperators.test(operator)) return [];
    return checkOperand(operand, [...path, operator], scope);
  });
}

function checkOperand(operand: Json, path: JsonPath, { table, root }: Scope): Inconsistency[] {
  if (typeof operand === "string")
    return missingColumn({ value: operand, path }, table.name, table.relation);
  if (!isJsonList(operand)) return [];
  const [first, second] = operand;
  if (typeof first !== "string") return [];
  if (second === undefined)
    return missingColumn({ value: first, path: [...path, 0] }, table.name, table.relation);
  return first === "$" && typeof second === "string"
    ? missingColumn({ value: second, path: [...path, 1] }, root.name, root.relation)
    : [];
}

function hasComputedField({ value, path }: TableUnderCheck, name: string): boolean {
  return mapsIn(value, path, "computed_fields").some((field) => field.value["name"] === name);
}

function tableAt(name: string, { table }: Scope): TableUnderCheck | undefined {
  const { source } = table;
  const tracked = source.tables.get(name);
  const relation = source.schema.relations.get(name);
  return tracked && relation && { ...tracked, source, relation };
}
