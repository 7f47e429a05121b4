import { shortenList } from "../../shorten-list.ts";
import { changesIn, type Change } from "../changes.ts";
import { innerStatements } from "../do-blocks.ts";
import type { EarlierStatements } from "../earlier.ts";
import { isNewRelation } from "../schema.ts";
import { isEmptied, type LintStatement, type Rule } from "./rule.ts";

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
    [
      ...changesOf(statement),
      ...innerStatements(statement)
        .flatMap(changesOf)
        .filter(({ kind }) => kind === "DELETE"),
    ]
      .filter(({ isWhole }) => isWhole)
      .map(({ kind, table, isMerge, hasWhere }) => ({
        table,
        message: isMerge
          ? `MERGE with an unconditional DELETE can remove every row of ${table}.`
          : `${kind} ${hasWhere ? "with a WHERE that is always true" : "without WHERE"} changes every row of ${table}, and keeps them locked until the transaction ends.`,
      })),
};

const backfillUnderLock: Rule = {
  id: "backfill-under-lock",
  severity: "warning",
  title: "rows are changed while the table is locked by an earlier statement",
  why: "ALTER TABLE blocks reads and writes until the transaction ends; CREATE INDEX, CREATE TRIGGER and ADD FOREIGN KEY block writes. A later UPDATE, DELETE or INSERT … SELECT in the same file makes the blocked sessions wait even longer.",
  safeWay: "Change the table in one migration, and the rows in the next.",
  example: {
    bad: "ALTER TABLE orders ADD COLUMN channel text;\nUPDATE orders SET channel = 'web' WHERE placed_at > '2024-01-01';",
    good: "ALTER TABLE orders ADD COLUMN channel text;",
  },
  check: (statement) => {
    const { locks, changedUnderLock } = statement.earlier;
    if (locks.size === 0) return [];
    return changesOf(statement)
      .filter(({ isSmall, table }) => !isSmall && !changedUnderLock.has(table))
      .map(({ kind, table }) => {
        const waiting = blockedUnder(locks, table);
        const message = `${waiting} wait until this ${kind} is done, because an earlier statement of the file has locked the table.`;
        return { table, message };
      });
  },
};

/** What waits while a table is changed: for the table itself if it is locked, and otherwise for those with the strongest locks. */
function blockedUnder(locks: EarlierStatements["locks"], table: string): string {
  const own = locks.get(table);
  const unreadable = exclusivelyLocked(locks);
  if (own === "ACCESS EXCLUSIVE" || (own === undefined && unreadable.length > 0))
    return `Reads and writes of ${own ? table : shortenList(unreadable)}`;
  return `Writes to ${own ? table : shortenList([...locks.keys()])}`;
}

function exclusivelyLocked(locks: EarlierStatements["locks"]): string[] {
  return [...locks].flatMap(([table, mode]) => (mode === "ACCESS EXCLUSIVE" ? [table] : []));
}

/** Changes of tables that have rows from before this file. */
export function changesOf(statement: LintStatement): Change[] {
  return changesIn(statement.node).filter(
    ({ kind, table }) =>
      !isNewRelation(statement.schema, table) &&
      (kind === "INSERT" || !isEmptied(statement, table)),
  );
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
  why: "Each ACCESS EXCLUSIVE lock is kept until the transaction ends. The more tables a file locks, the longer the first one remains locked, and the more likely a deadlock becomes with a client that uses them in a different order.",
  safeWay: "Write one migration for each table.",
  example: {
    bad: "ALTER TABLE orders ADD COLUMN note text;\nALTER TABLE customers ADD COLUMN note text;",
    good: "ALTER TABLE orders ADD COLUMN note text;",
  },
  check: ({ locks, earlier, schema, noTransaction }) => {
    if (noTransaction) return [];
    const lockedTables = exclusivelyLocked(earlier.locks);
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
