import { shortenList } from "../../shorten-list.ts";
import { isTree } from "../../sql-parser/tree.ts";
import { nodesIn, relationName } from "../names.ts";
import { isNewRelation } from "../schema.ts";
import type { LintStatement, Rule } from "./rule.ts";

/** A statement that changes rows of a table that exists. */
export interface Change {
  readonly kind: "UPDATE" | "DELETE" | "INSERT";
  readonly table: string;
  readonly isWhole: boolean;
  /** The rows are given in the statement, or found by their key. */
  readonly isSmall: boolean;
}

const massChange: Rule = {
  id: "mass-change",
  severity: "warning",
  title: "UPDATE or DELETE without WHERE",
  why: "Every row remains locked until the transaction ends, each row is written twice, and a large table takes longer than the function may run. A DELETE without WHERE removes the data.",
  safeWay:
    "Change the rows in batches by their key, with a separate migration or job for each batch. If the table is small, add an allow directive.",
  example: {
    bad: "UPDATE orders SET channel = 'web';",
    good: "UPDATE orders SET channel = 'web' WHERE id BETWEEN 1 AND 10000;",
  },
  check: (statement) =>
    changesOf(statement)
      .filter(({ isWhole }) => isWhole)
      .map(({ kind, table }) => ({
        table,
        message: `${kind} without WHERE changes every row of ${table}, and keeps them locked until the transaction ends.`,
      })),
};

const backfillUnderLock: Rule = {
  id: "backfill-under-lock",
  severity: "warning",
  title: "rows are changed while the table is locked by an earlier statement",
  why: "ALTER TABLE blocks reads and writes until the transaction ends, so they also wait for a later UPDATE, DELETE or INSERT … SELECT in the same file.",
  safeWay: "Change the table in one migration, and the rows in the next.",
  example: {
    bad: "ALTER TABLE orders ADD COLUMN channel text;\nUPDATE orders SET channel = 'web' WHERE placed_at > '2024-01-01';",
    good: "ALTER TABLE orders ADD COLUMN channel text;",
  },
  check: (statement) => {
    if (statement.noTransaction) return [];
    const [locked] = statement.earlier.lockedTables;
    if (locked === undefined) return [];
    return changesOf(statement)
      .filter(({ isSmall }) => !isSmall)
      .map(({ kind, table }) => ({
        table,
        message: `Reads and writes of ${locked} wait until this ${kind} is done: an earlier statement of the file has locked it.`,
      }));
  },
};

/** Changes of existing tables, also inside WITH. */
export function changesOf({ node, schema }: LintStatement): Change[] {
  if ("CreateFunctionStmt" in node || "RuleStmt" in node) return [];
  return [...nodesIn(node)]
    .flatMap((found) => changeIn(found))
    .filter(({ table }) => !isNewRelation(schema, table));
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
    { kind, table, isWhole: where === undefined, isSmall: where !== undefined && namesKey(where) },
  ];
}

function readsTable(select: unknown): boolean {
  return [...nodesIn(select)].some(({ RangeVar: table }) => table !== undefined);
}

/** WHERE id = 7, WHERE code IN ('a', 'b'): the rows are named one by one. */
function namesKey(where: unknown): boolean {
  if (!isTree(where) || !isTree(where["A_Expr"])) return false;
  const { kind, lexpr, rexpr, name } = where["A_Expr"];
  const isEqual = [...nodesIn(name)].some(({ sval }) => sval === "=");
  if (!isEqual || (kind !== "AEXPR_OP" && kind !== "AEXPR_IN")) return false;
  const column = [...nodesIn(lexpr)]
    .flatMap(({ sval }) => (typeof sval === "string" ? [sval] : []))
    .at(-1);
  const isConstant = ![...nodesIn(rexpr)].some(
    ({ ColumnRef: column, SubLink: query }) => column ?? query,
  );
  return isConstant && column !== undefined && /^(id|.*_id|code|key|slug|uuid|name)$/.test(column);
}

const lockTable: Rule = {
  id: "lock-table",
  severity: "warning",
  title: "LOCK TABLE",
  why: "The lock is held until the transaction ends, so other sessions wait for everything else in the file.",
  safeWay: "Leave it out: every statement takes the lock that it needs.",
  example: {
    bad: "LOCK TABLE orders;",
    good: "SELECT id FROM orders WHERE id = 7 FOR UPDATE;",
  },
  check: ({ node, locks, schema }) =>
    "LockStmt" in node
      ? locks
          .filter(({ table }) => !isNewRelation(schema, table))
          .map(({ table, mode }) => ({
            table,
            message: `${table} remains locked (${mode}) until the transaction ends.`,
          }))
      : [],
};

const severalTables: Rule = {
  id: "several-tables-locked",
  severity: "off",
  title: "several tables are locked in one file",
  why: "Each ACCESS EXCLUSIVE lock is kept until the transaction ends. The more tables a file locks, the longer the first one remains locked, and the more likely is a deadlock with a client that uses them in a different order.",
  safeWay: "Write one migration for each table.",
  example: {
    bad: "ALTER TABLE orders ADD COLUMN note text;\nALTER TABLE customers ADD COLUMN note text;",
    good: "ALTER TABLE orders ADD COLUMN note text;",
  },
  check: ({ locks, earlier, schema, noTransaction }) => {
    if (noTransaction) return [];
    const { lockedTables } = earlier;
    const added = locks
      .filter(({ mode, table }) => mode === "ACCESS EXCLUSIVE" && !isNewRelation(schema, table))
      .map(({ table }) => table)
      .filter((table) => !lockedTables.includes(table));
    if (lockedTables.length === 0 || added.length === 0) return [];
    return added.map((table) => ({
      table,
      message: `${table} is locked while ${shortenList(lockedTables)} is already locked.`,
    }));
  },
};

export const dataRules: readonly Rule[] = [massChange, backfillUnderLock, lockTable, severalTables];
