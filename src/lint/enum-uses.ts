import type { Node } from "@pgsql/types";
import { isTree, textsIn, type Tree } from "../sql-parser/tree.ts";
import { functionsIn, nodesIn, relationName } from "./names.ts";
import { lastPart, type Schema } from "./schema.ts";
import { afterStatement } from "./after-statement.ts";
import { fixed } from "./volatility.ts";

/** A value that ALTER TYPE adds to an enum type. */
export interface EnumValue {
  readonly type: string;
  readonly value: string;
}

/**
 * True if a statement converts the text of a value to its enum type, which is when PostgreSQL checks whether the value can be used: a
 * constant that is compared with a column of the type, or assigned to one. A column that is not known may be of the type; a function
 * that is not known takes no value of it. Bodies of functions that are written as a string are not read.
 */
export function usesEnumValue(node: Node, value: EnumValue, schema: Schema): boolean {
  const after = afterStatement(schema, node);
  return isUsed(node, true, { ...value, schema, after, tables: tablesIn(node) });
}

/** What a constant is compared with. */
interface Scope extends EnumValue {
  readonly schema: Schema;
  /** The schema after the statement, with the columns that it defines. */
  readonly after: Schema;
  /** Name or alias → the table. */
  readonly tables: ReadonlyMap<string, string>;
  /** The table whose columns are assigned. */
  readonly target?: string;
}

function tablesIn(node: Node): Map<string, string> {
  const tables = new Map<string, string>();
  const add = (range: Tree) => {
    const { alias, relname = "" } = range;
    const name = isTree(alias) ? alias["aliasname"] : relname;
    tables.set(typeof name === "string" ? name : "", relationName(range));
  };
  for (const each of nodesIn(node)) if (typeof each["relname"] === "string") add(each);
  return tables;
}

/** `isExpected`: a constant at this place may be converted to the type. */
function isUsed(node: unknown, isExpected: boolean, scope: Scope): boolean {
  if (Array.isArray(node)) return node.some((each) => isUsed(each, isExpected, scope));
  if (!isTree(node)) return false;
  return Object.entries(node).some(([kind, child]) => {
    if (!isTree(child)) return isUsed(child, isExpected, scope);
    const visit = visitors[kind];
    return visit ? visit(child, scope, isExpected) : isUsed(child, isExpected, scope);
  });
}

type Visit = (node: Tree, scope: Scope, isExpected: boolean) => boolean;

const changeOf: Visit = (node, scope) => {
  const { relation, cols, selectStmt, ...others } = node;
  const target = isTree(relation) ? relationName(relation) : "";
  const columns = textsOfTargets(cols);
  const known = [...(scope.schema.tables.get(target)?.columns.keys() ?? [])];
  const names = columns.length > 0 ? columns : known;
  const expected = names.map((name) => isOfType(target, name, scope));
  const select = isTree(selectStmt) ? selectStmt["SelectStmt"] : undefined;
  return (
    (isTree(select) && isUsedInSelect(select, scope, (i) => expected[i] ?? true)) ||
    isUsed(others, true, { ...scope, target })
  );
};

const selectOf: Visit = (node, scope) => isUsedInSelect(node, scope, () => false);

const callOf: Visit = ({ args, ...others }, scope) => {
  const takesType = functionsIn({ FuncCall: others })
    .flatMap((name) => scope.schema.functions.get(name) ?? [])
    .some((type) => isNamed(type, scope));
  return isUsed(args, takesType || mayBeOfType(args, scope), scope) || isUsed(others, true, scope);
};

const oneOf: Visit = ({ args }, scope, isExpected) =>
  isUsed(args, isExpected || mayBeOfType(args, scope), scope);

const visitors: Readonly<Record<string, Visit>> = {
  A_Const: ({ sval }, { value }, isExpected) =>
    isExpected && isTree(sval) && sval["sval"] === value,
  TypeCast: ({ arg, typeName }, scope) => isUsed(arg, isType(typeName, scope), scope),
  A_Expr: ({ kind, name, lexpr, rexpr }, scope) => {
    const compares = kind !== "AEXPR_OP" || textsIn(name).some((each) => /^[=<>!]+$/.test(each));
    return (
      isUsed(lexpr, compares && mayBeOfType(rexpr, scope), scope) ||
      isUsed(rexpr, compares && mayBeOfType(lexpr, scope), scope)
    );
  },
  CaseExpr: ({ arg, args, defresult }, scope, isExpected) => {
    const whens = nodesOf(args, "CaseWhen");
    const results = [...whens.map(({ result }) => result), defresult];
    const conditions = whens.map(({ expr }) => expr);
    return (
      isUsed([arg, ...conditions], arg === undefined || mayBeOfType(arg, scope), scope) ||
      isUsed(results, isExpected || mayBeOfType(results, scope), scope)
    );
  },
  CoalesceExpr: oneOf,
  MinMaxExpr: oneOf,
  FuncCall: callOf,
  funccall: callOf,
  SelectStmt: selectOf,
  larg: selectOf,
  rarg: selectOf,
  InsertStmt: changeOf,
  UpdateStmt: changeOf,
  MergeStmt: changeOf,
  ResTarget: ({ name, val }, scope) =>
    isUsed(val, typeof name === "string" && isOfType(scope.target ?? "", name, scope), scope),
  ColumnDef: ({ typeName, constraints, ...others }, scope) => {
    const own = nodesOf(constraints, "Constraint");
    const values = own.filter(
      ({ contype }) => contype === "CONSTR_DEFAULT" || contype === "CONSTR_GENERATED",
    );
    const conditions = own.filter((each) => !values.includes(each));
    return (
      isUsed(values, isType(typeName, scope), scope) ||
      isUsed({ ...others, conditions }, true, scope)
    );
  },
  AlterTableCmd: ({ subtype, name, def }, scope) => {
    const [table = ""] = scope.tables.values();
    const isDefault = subtype === "AT_ColumnDefault" && typeof name === "string";
    return isUsed(def, !isDefault || isOfType(table, name, scope), scope);
  },
  FunctionParameter: ({ argType, defexpr }, scope) =>
    isUsed(defexpr, isType(argType, scope), scope),
  CreateDomainStmt: ({ typeName, ...others }, scope) =>
    isType(typeName, scope) && isUsed(others, true, scope),
  AlterDomainStmt: ({ typeName, def }, scope) =>
    isNamed(textsIn(typeName).at(-1) ?? "", scope) && isUsed(def, true, scope),
  VariableSetStmt: () => false,
};

/** `isExpected`: whether a column of the result becomes one of the type. */
function isUsedInSelect(
  { targetList, valuesLists, ...others }: Tree,
  scope: Scope,
  isExpected: (column: number) => boolean,
): boolean {
  const { larg, rarg } = others;
  const arms = [larg, rarg].filter(isTree);
  if (arms.length > 0) {
    const isColumn = (i: number): boolean =>
      isExpected(i) || arms.some((arm) => mayBeOfType(outputsOf(arm)[i], scope));
    return arms.some((arm) => isUsedInSelect(arm, scope, isColumn));
  }
  const rows = Array.isArray(valuesLists)
    ? valuesLists.map((row) => nodesOf([row], "List")[0]?.["items"])
    : [];
  return (
    [outputsOf({ targetList }), ...rows].some(
      (row) => Array.isArray(row) && row.some((each, i) => isUsed(each, isExpected(i), scope)),
    ) || isUsed(others, true, scope)
  );
}

function outputsOf({ targetList }: Tree): unknown[] {
  return nodesOf(targetList, "ResTarget").map(({ val }) => val);
}

/** True if an expression may have the type; constants have none of their own. */
function mayBeOfType(node: unknown, scope: Scope): boolean {
  if (Array.isArray(node)) return node.some((each) => mayBeOfType(each, scope));
  if (!isTree(node)) return false;
  const [[kind, child] = ["", undefined]] = Object.entries(node);
  if (!isTree(child) || ofOtherTypes.has(kind)) return false;
  switch (kind) {
    case "ColumnRef":
      return isColumnOfType(textsIn(child["fields"]), scope);
    case "TypeCast":
      return isType(child["typeName"], scope);
    case "A_Indirection":
      return hasFields(child) || mayBeOfType(child["arg"], scope);
    case "FuncCall":
      return functionsIn(node).some((name) => !fixed.has(name));
    default: {
      const parts = ofTypeOfParts.get(kind);
      return parts === undefined || mayBeOfType(child[parts], scope);
    }
  }
}

/** `(a).b`, whose type is not that of `a`, as it is in `a[1]`. */
function hasFields({ indirection }: Tree): boolean {
  return textsIn(indirection).length > 0;
}

/** Expressions that have the type of their parts → where these are. */
const ofTypeOfParts: ReadonlyMap<string, string> = new Map([
  ["CoalesceExpr", "args"],
  ["MinMaxExpr", "args"],
  ["List", "items"],
  ["A_ArrayExpr", "elements"],
  ["CollateClause", "arg"],
]);

const ofOtherTypes: ReadonlySet<string> = new Set([
  ...["A_Const", "A_Expr", "BoolExpr", "NullTest", "BooleanTest", "SQLValueFunction"],
]);

function isColumnOfType(fields: readonly string[], scope: Scope): boolean {
  const { tables } = scope;
  const [name = "", qualifier = ""] = fields.toReversed();
  const own = tables.get(qualifier);
  const named = own === undefined ? [...new Set(tables.values())] : [own];
  const known = named.filter((table) => columnType(table, name, scope) !== undefined);
  return known.length === 0 || known.some((table) => isOfType(table, name, scope));
}

function isOfType(table: string, column: string, scope: Scope): boolean {
  const type = columnType(table, column, scope);
  return type === undefined || isNamed(type, scope);
}

function columnType(table: string, column: string, { schema, after }: Scope): string | undefined {
  const typeIn = ({ tables }: Schema) => tables.get(table)?.columns.get(column)?.type.name;
  return typeIn(schema) ?? typeIn(after);
}

function isType(typeName: unknown, scope: Scope): boolean {
  const [name = ""] = isTree(typeName) ? textsIn(typeName["names"]).slice(-1) : [];
  return isNamed(name, scope);
}

/** The type itself or a domain of it; the schema may be missing. */
function isNamed(name: string, { schema, type }: Scope): boolean {
  const base = schema.domains.get(name)?.base.name ?? name;
  return lastPart(base) === lastPart(type);
}

function textsOfTargets(targets: unknown): string[] {
  return nodesOf(targets, "ResTarget").flatMap(({ name }) =>
    typeof name === "string" ? [name] : [],
  );
}

/** The nodes of one kind in a list. */
function nodesOf(list: unknown, kind: string): Tree[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: unknown) => {
    const node = isTree(each) ? each[kind] : undefined;
    return isTree(node) ? [node] : [];
  });
}
