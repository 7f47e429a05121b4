import type { Node } from "@pgsql/types";
import { isTree, type Tree } from "../sql-parser/tree.ts";
import { nodesIn, relationName } from "./names.ts";

/** What a statement does to the rows of a table. */
export interface Change {
  readonly kind: "UPDATE" | "DELETE" | "INSERT";
  /** An action of MERGE. */
  readonly isMerge?: true;
  readonly table: string;
  readonly isWhole: boolean;
  /** An UPDATE or DELETE has a WHERE, which may be always true. */
  readonly hasWhere?: true;
  /** The statement lists the rows or selects them by their keys. */
  readonly isSmall: boolean;
}

/** The changes of rows by a statement, also inside WITH. */
export function changesIn(node: Node): Change[] {
  if (changesNoRows(node)) return [];
  return [...nodesIn(node)].flatMap((found) => [...changeIn(found), ...mergeIn(found)]);
}

const definitions: ReadonlySet<string> = new Set([
  ...["CreateStmt", "AlterTableStmt", "DropStmt", "IndexStmt", "ViewStmt", "CommentStmt"],
  ...["CreateTrigStmt", "CreateFunctionStmt", "RuleStmt"],
]);

/** True for a definition, which changes no rows when it runs: what is inside it runs later, or not at all. */
export function changesNoRows(node: Node): boolean {
  return definitions.has(Object.keys(node)[0] ?? "");
}

/** The DELETE of a MERGE: without a condition of its own it can reach every row, whatever the rows are compared with. */
function mergeIn({ MergeStmt: merge }: Readonly<Record<string, unknown>>): Change[] {
  if (!isTree(merge) || !isTree(merge["relation"])) return [];
  const { relation, mergeWhenClauses } = merge;
  const clauses = [...nodesIn(mergeWhenClauses)].flatMap(({ MergeWhenClause: clause }) =>
    isTree(clause) && clause["commandType"] === "CMD_DELETE" ? [clause] : [],
  );
  if (clauses.length === 0) return [];
  const isWhole = clauses.some(({ condition }) => isAlwaysTrue(condition));
  const table = relationName(relation);
  return [{ kind: "DELETE", table, isWhole, isSmall: false, isMerge: true }];
}

function changeIn(node: Readonly<Record<string, unknown>>): Change[] {
  const { UpdateStmt: update, DeleteStmt: remove, InsertStmt: insert } = node;
  const [kind, statement] =
    update !== undefined
      ? (["UPDATE", update] as const)
      : remove !== undefined
        ? (["DELETE", remove] as const)
        : (["INSERT", insert] as const);
  if (!isTree(statement) || !isTree(statement["relation"])) return [];
  const table = relationName(statement["relation"]);
  if (kind === "INSERT")
    return [{ kind, table, isWhole: false, isSmall: !readsTable(statement["selectStmt"]) }];
  const where = statement["whereClause"];
  return [
    {
      ...{ kind, table, isWhole: isAlwaysTrue(where) },
      ...(where !== undefined && { hasWhere: true }),
      isSmall: where !== undefined && namesKey(where),
    },
  ];
}

/** True for a condition that is missing or constant, such as `true` and `1 = 1`. */
export function isAlwaysTrue(condition: unknown): boolean {
  if (condition === undefined) return true;
  if (!isTree(condition)) return false;
  const { A_Const: constant, A_Expr: comparison, BoolExpr: bool } = condition;
  if (isTree(constant))
    return isTree(constant["boolval"]) && constant["boolval"]["boolval"] === true;
  if (isTree(bool) && Array.isArray(bool["args"])) {
    if (bool["boolop"] === "AND_EXPR") return bool["args"].every(isAlwaysTrue);
    return bool["boolop"] === "OR_EXPR" && bool["args"].some(isAlwaysTrue);
  }
  return isTree(comparison) && comparesEqual(comparison);
}

/** `1 = 1` */
function comparesEqual({ kind, name, lexpr, rexpr }: Tree): boolean {
  const isEqual = [...nodesIn(name)].some(({ sval }) => sval === "=");
  const left = constantText(lexpr);
  return kind === "AEXPR_OP" && isEqual && left !== undefined && left === constantText(rexpr);
}

/** A constant that is not NULL, as a text that is the same for the same constant. */
function constantText(node: unknown): string | undefined {
  const constant = isTree(node) ? node["A_Const"] : undefined;
  if (!isTree(constant) || constant["isnull"] === true) return undefined;
  return JSON.stringify({ ...constant, location: undefined });
}

function readsTable(select: unknown): boolean {
  return [...nodesIn(select)].some(({ RangeVar: table }) => table !== undefined);
}

/** WHERE id = 7, WHERE code IN ('a', 'b') AND …: the rows are named one by one. */
function namesKey(where: unknown): boolean {
  if (!isTree(where)) return false;
  const { A_Expr: comparison, BoolExpr: bool } = where;
  if (isTree(bool) && bool["boolop"] === "AND_EXPR" && Array.isArray(bool["args"]))
    return bool["args"].some(namesKey);
  if (!isTree(comparison)) return false;
  const { kind, lexpr, rexpr, name } = comparison;
  const isEqual = [...nodesIn(name)].some(({ sval }) => sval === "=");
  if (!isEqual || (kind !== "AEXPR_OP" && kind !== "AEXPR_IN")) return false;
  const column = [...nodesIn(lexpr)]
    .flatMap(({ sval }) => (typeof sval === "string" ? [sval] : []))
    .at(-1);
  const isConstant = ![...nodesIn(rexpr)].some(
    ({ ColumnRef: other, SubLink: query }) => other ?? query,
  );
  return isConstant && column !== undefined && /^(id|.*_id|code|key|slug|uuid|name)$/.test(column);
}
