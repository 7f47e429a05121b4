import type { AlterTableCmd, ColumnDef, Node } from "@pgsql/types";
import type { InnerStatement } from "../do-blocks.ts";
import type { EarlierStatements } from "../earlier.ts";
import type { RemovedName } from "../../engine/plan/assessment.ts";
import { strongerMode, type StatementLock } from "../lock.ts";
import { relationName } from "../names.ts";
import type { RuleId, Severity } from "./rule-ids.ts";
import { isNewRelation, type Schema } from "../schema.ts";

/** One statement of a file, with what is known before it runs. */
export interface LintStatement {
  readonly node: Node;
  /** Of a DO block: the statements in it that can lose data or that create a table. */
  readonly inner: readonly InnerStatement[];
  readonly schema: Schema;
  readonly locks: readonly StatementLock[];
  /** True if the file runs outside a transaction. */
  readonly noTransaction: boolean;
  readonly direction: "up" | "down";
  readonly earlier: EarlierStatements;
  /** The statements behind it in the file. */
  readonly later: () => readonly Node[];
}

/** A finding of a rule in a statement. */
export interface Problem {
  /** The problem, as a sentence. */
  readonly message: string;
  /** The table concerned. */
  readonly table?: string;
  /** A location in the parse tree, if it is not the whole statement. */
  readonly location?: number | undefined;
  /** Instead of the rule's. */
  readonly safeWay?: string;
  /** Set for a problem that is reported only if this name does not exist after the last migration, and the metadata uses it. */
  readonly removal?: RemovedName;
}

/** A rule: what docs/lint.md says about it, and how it is checked. */
export interface Rule {
  readonly id: RuleId;
  readonly severity: Severity;
  /** The finding, in a few words. */
  readonly title: string;
  /** Why that is a problem. */
  readonly why: string;
  /** What to do instead. */
  readonly safeWay: string;
  /** An up.sql with a finding on tables that exist, and the same change without one. */
  readonly example: { readonly bad: string; readonly good: string };
  /** Absent for rules about whole files and directives, which `lint` checks itself. */
  readonly check?: (statement: LintStatement) => readonly Problem[];
  /** True if down.sql is also checked; other rules do not apply to undoing an up.sql. */
  readonly inDown?: boolean;
}

/** Commands of an ALTER TABLE. */
export interface TableCommands {
  readonly table: string;
  readonly commands: readonly AlterTableCmd[];
}

/** The table's commands of an ALTER TABLE, if the table has not been created in this run. */
export function alterCommands(statement: LintStatement): TableCommands {
  const none = { table: "", commands: [] };
  if (!("AlterTableStmt" in statement.node)) return none;
  const { relation, cmds = [], objtype } = statement.node.AlterTableStmt;
  if (relation === undefined || objtype !== "OBJECT_TABLE") return none;
  const table = relationName(relation);
  if (isNewRelation(statement.schema, table)) return none;
  const commands = cmds.flatMap((node) => ("AlterTableCmd" in node ? [node.AlterTableCmd] : []));
  return { table, commands };
}

/** The same, without tables that the file has emptied: nothing has to be read or rewritten in them. */
export function rowCommands(statement: LintStatement): TableCommands {
  const { table, commands } = alterCommands(statement);
  return { table, commands: isEmptied(statement, table) ? [] : commands };
}

/** True for a table that an earlier statement of the file has emptied. */
export function isEmptied({ earlier }: Pick<LintStatement, "earlier">, table: string): boolean {
  return earlier.emptied.has(table);
}

/** The lock of a table while a statement runs, which may be one that an earlier statement of the file holds; undefined if the statement takes none. */
export function lockDuring(
  { locks, earlier }: Pick<LintStatement, "locks" | "earlier">,
  table: string,
): StatementLock | undefined {
  const own = locks.find((each) => each.table === table);
  return own && { ...own, mode: strongerMode(own.mode, earlier.locks.get(table)) };
}

/** The columns that an ALTER TABLE adds to an existing table. */
export function addedColumns({ table, commands }: TableCommands): readonly {
  readonly table: string;
  readonly column: ColumnDef;
}[] {
  return commands.flatMap(({ subtype, def }) =>
    subtype === "AT_AddColumn" && def !== undefined && "ColumnDef" in def
      ? [{ table, column: def.ColumnDef }]
      : [],
  );
}
