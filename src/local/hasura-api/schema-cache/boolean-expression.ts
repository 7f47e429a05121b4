import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import { fullName, nameText, qualified, type QualifiedName } from "../metadata-document.ts";
import type { Column } from "../database/database-schema.ts";
import { checkComparison, checkValue, typeOf } from "./column-values.ts";
import type { Target } from "./findings.ts";
import { MissingName, NotBuilt, quoted } from "./inconsistency.ts";
import type { BuiltSource, TrackedTable } from "./tracked-table.ts";

/** What a condition needs. */
export interface Needs {
  readonly on: Set<Target>;
  /** Labels of the columns that are compared with constants: their types matter. */
  readonly onType: Set<string>;
}

/** The tables of a condition: the one at this point, and the one at its root. */
interface Scope {
  readonly table: TrackedTable;
  readonly root: TrackedTable;
  readonly source: BuiltSource;
  readonly needs: Needs;
}

/**
 * Collects what the filter or check of a permission needs.
 * @throws NotBuilt for a field that does not exist, and for an operator that the server does not know
 */
export function checkCondition(
  condition: Json,
  table: TrackedTable,
  source: BuiltSource,
  needs: Needs,
): void {
  check(condition, { table, root: table, source, needs });
}

function check(condition: Json, scope: Scope): void {
  if (!isJsonMap(condition))
    throw new NotBuilt("parsing boolean expression failed, expected Object");
  for (const [key, value] of Object.entries(condition)) checkEntry(key, value, scope);
}

function checkEntry(key: string, value: Json, scope: Scope): void {
  switch (key) {
    case "_and":
    case "_or":
    case "$and":
    case "$or":
      for (const each of isJsonList(value) ? value : [value]) check(each, scope);
      return;
    case "_not":
    case "$not":
      check(value, scope);
      return;
    case "_exists":
    case "$exists":
      if (isJsonMap(value)) checkExists(value, scope);
      return;
    default:
      checkField(key, value, scope);
  }
}

function checkExists(exists: JsonMap, scope: Scope): void {
  const table = tableOf(qualified(exists["_table"]), scope);
  scope.needs.on.add(table.target);
  check(exists["_where"] ?? {}, { ...scope, table });
}

function tableOf(name: QualifiedName | undefined, { source }: Scope): TrackedTable {
  const table = name && source.tables.get(fullName(name));
  if (table === undefined)
    throw new MissingName(
      `table ${quoted(name === undefined ? "" : nameText(name))} does not exist`,
    );
  return table;
}

function checkField(name: string, value: Json, scope: Scope): void {
  const { table, needs } = scope;
  const field = table.field(name);
  switch (field.kind) {
    case "column":
      checkColumn(field.column, value, scope);
      return;
    case "relationship":
      needs.on.add(table.part("relationship", name));
      check(value, { ...scope, table: tableOf(field.table, scope) });
      return;
    case "computed field":
      needs.on.add(table.part("computed field", name));
      if (field.returnsTable !== undefined)
        check(value, { ...scope, table: tableOf(field.returnsTable, scope) });
      return;
    default:
      needs.on.add(table.part("remote relationship", name));
  }
}

function checkColumn(column: Column, value: Json, scope: Scope): void {
  const { table, needs } = scope;
  if (column.type === "json")
    throw new NotBuilt("JSON column can not be part of boolean expression");
  const target = table.part("column", column.name);
  needs.on.add(target);
  if (hasConstant(value)) needs.onType.add(target.label);
  if (!isJsonMap(value)) {
    checkValue(value, column);
    return;
  }
  for (const [operator, operand] of Object.entries(value))
    checkOperator(operator, operand, column, scope);
}

const isSessionVariable = (value: Json): boolean =>
  typeof value === "string" && /^x-hasura-/i.test(value);

function hasConstant(value: Json): boolean {
  if (isJsonMap(value)) return Object.values(value).some(hasConstant);
  return !isSessionVariable(value);
}

const operators = new Set([
  ...["cast", "eq", "ne", "neq", "in", "nin", "gt", "lt", "gte", "lte", "is_null"],
  ...["like", "nlike", "ilike", "nilike", "similar", "nsimilar", "regex", "iregex", "nregex"],
  ...["niregex", "contains", "contained_in", "has_key", "has_keys_any", "has_keys_all"],
  ...["st_contains", "st_crosses", "st_equals", "st_overlaps", "st_touches", "st_within"],
  ...["st_intersects", "st_3d_intersects", "st_d_within", "st_3d_d_within"],
  ...["ancestor", "ancestor_any", "descendant", "descendant_any", "matches", "matches_any"],
  "matches_fulltext",
]);

/** Operators that compare with another column: of the same table or, with "$", of the table at the root. */
const columnOperators = new Set(["ceq", "cne", "cneq", "cgt", "clt", "cgte", "clte"]);

function checkOperator(operator: string, operand: Json, column: Column, scope: Scope): void {
  const name = /^[_$]/.test(operator) ? operator.slice(1) : "";
  if (operators.has(name)) {
    checkComparison(name, operand, column);
    return;
  }
  if (!columnOperators.has(name)) throw new NotBuilt(`Unknown operator: ${operator}`);
  const [table, other] = otherColumn(operand, scope);
  const found = table.column(other, "column operators can only compare postgres columns");
  const [type, otherType] = [column, found].map(typeOf);
  if (type !== otherType)
    throw new NotBuilt(
      `incompatible column types: ${quoted(column.name)} has type ${quoted(type ?? "")}, but ${quoted(other)} has type ${quoted(otherType ?? "")}`,
    );
  const target = table.part("column", other);
  scope.needs.on.add(target);
  scope.needs.onType.add(target.label);
}

function otherColumn(operand: Json, { table, root }: Scope): [TrackedTable, string] {
  if (typeof operand === "string") return [table, operand];
  if (!isJsonList(operand))
    throw new NotBuilt("a boolean expression JSON must be either a string or an array");
  const [first, second] = operand;
  if (first === undefined) throw new NotBuilt("path cannot be empty");
  if (operand.length === 1 && typeof first === "string") return [table, first];
  if (operand.length === 2 && first === "$" && typeof second === "string") return [root, second];
  throw new NotBuilt("Relationship references are not supported in column comparison RHS");
}
