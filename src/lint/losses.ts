import type { DropStmt } from "@pgsql/types";
import type { DroppedObject } from "../engine/plan/assessment.ts";
import type { StatementImpact } from "../protocol/impact.ts";
import { innerStatements } from "./do-blocks.ts";
import { truncatedTables } from "./locks.ts";
import { objectName, relationName, rolesOf } from "./names.ts";
import { changesOf } from "./rules/data.ts";
import { isNewColumn, isNewRelation } from "./schema.ts";
import type { RuleId } from "./rules/rule-ids.ts";
import type { LintStatement } from "./rules/rule.ts";

/** Data that a statement removes for good. */
export interface Loss {
  readonly loses: NonNullable<StatementImpact["loses"]>;
  /** The table of the data; absent if it can be in several. */
  readonly table?: string;
  /** The object whose loss includes the data of others; absent for a table or a column. */
  readonly object?: DroppedObject;
  /** The rule that allows it. */
  readonly rule: RuleId;
  /** The run has created the table. */
  readonly isNew: boolean;
}

type OwnLoss = Omit<Loss, "isNew">;

/**
 * What a statement removes that no down.sql brings back: tables, columns, all rows (TRUNCATE, DELETE without WHERE), what CASCADE drops
 * with a schema, a type, a collation or an extension, and what DROP OWNED drops. Views and indexes hold no data of their own. A DO block
 * loses what a statement in it loses, whatever the condition; statements inside functions are not seen.
 */
export function lossesOf(statement: LintStatement): Loss[] {
  return [statement, ...innerStatements(statement)].flatMap((each) =>
    ownLosses(each).map((loss) => ({
      ...loss,
      isNew: loss.table !== undefined && isNewRelation(each.schema, loss.table),
    })),
  );
}

function ownLosses(statement: LintStatement): OwnLoss[] {
  const { node } = statement;
  if ("DropStmt" in node) return dropped(node.DropStmt);
  if ("AlterTableStmt" in node) return droppedColumns(statement);
  if ("DropOwnedStmt" in node)
    return rolesOf(node.DropOwnedStmt).map((name) => ({
      ...{ loses: { what: "owned", name }, rule: "drop-data" },
    }));
  if ("TruncateStmt" in node)
    return truncatedTables(node.TruncateStmt, statement.schema).map((table) =>
      allRows(table, "drop-data"),
    );
  return changesOf(statement).flatMap(({ kind, table, isWhole }) =>
    kind === "DELETE" && isWhole ? [allRows(table, "mass-change")] : [],
  );
}

function allRows(table: string, rule: RuleId): OwnLoss {
  return { loses: { what: "rows", name: table }, table, rule };
}

/** Kinds of objects on which columns of tables can depend. */
const withColumns: Readonly<Record<string, DroppedObject["kind"]>> = {
  OBJECT_TYPE: "type",
  OBJECT_DOMAIN: "type",
  OBJECT_EXTENSION: "extension",
  OBJECT_COLLATION: "collation",
};

function dropped({ removeType = "OBJECT_TYPE", objects = [], behavior }: DropStmt): OwnLoss[] {
  const names = objects.map(objectName);
  const cascades = behavior === "DROP_CASCADE";
  if (removeType === "OBJECT_TABLE")
    return names.map((table) => ({
      ...{ loses: { what: "table", name: table }, table },
      rule: "drop-data",
    }));
  if (removeType === "OBJECT_SCHEMA" && cascades)
    return names.map((name) => ({
      ...{ loses: { what: "schema", name }, object: { kind: "schema", name } },
      rule: "drop-data",
    }));
  const kind = withColumns[removeType];
  if (kind === undefined || !cascades) return [];
  return names.map((name) => ({
    ...{ loses: { what: "dependents", name }, object: { kind, name } },
    rule: "drop-cascade",
  }));
}

function droppedColumns({ node, schema }: LintStatement): OwnLoss[] {
  if (!("AlterTableStmt" in node)) return [];
  const { relation, cmds = [], objtype } = node.AlterTableStmt;
  if (relation === undefined || objtype !== "OBJECT_TABLE") return [];
  const table = relationName(relation);
  const known = schema.tables.get(table)?.columns;
  return cmds.flatMap((command): OwnLoss[] => {
    if (!("AlterTableCmd" in command)) return [];
    const { subtype, name = "" } = command.AlterTableCmd;
    if (subtype !== "AT_DropColumn" || isNewColumn(schema, table, name)) return [];
    // There is nothing to drop: with IF EXISTS nothing happens, without it the file fails.
    if (known?.has(name) === false) return [];
    return [{ loses: { what: "column", name: `${table}.${name}` }, table, rule: "drop-data" }];
  });
}
