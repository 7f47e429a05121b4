import { optionIsOn } from "../../engine/sql/statement-options.ts";
import { objectName, relationName } from "../names.ts";
import { isNewRelation } from "../schema.ts";
import { isEmptied, type Rule } from "./rule.ts";

const indexBlocksWrites: Rule = {
  id: "index-blocks-writes",
  severity: "warning",
  title: "CREATE INDEX blocks writes",
  why: "PostgreSQL reads the whole table to build the index, and writes to the table wait until the transaction ends.",
  safeWay:
    "CREATE INDEX CONCURRENTLY, as the only statement of a file that begins with -- hasura:no-transaction.",
  example: {
    bad: "CREATE INDEX orders_customer ON orders (customer_id);",
    good: "-- hasura:no-transaction\nCREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",
  },
  check: (statement) => {
    const { node, schema } = statement;
    if (!("IndexStmt" in node) || node.IndexStmt.concurrent || !node.IndexStmt.relation) return [];
    const table = relationName(node.IndexStmt.relation);
    if (isNewRelation(schema, table) || isEmptied(statement, table)) return [];
    return [{ table, message: `Building the index blocks writes to ${table}.` }];
  },
};

const dropIndexBlocks: Rule = {
  id: "drop-index-blocks",
  severity: "info",
  title: "DROP INDEX blocks the table",
  why: "It is quick, but it waits for every query that uses the table, and all later queries wait for it.",
  safeWay:
    "DROP INDEX CONCURRENTLY, as the only statement of a file that begins with -- hasura:no-transaction.",
  example: {
    bad: "DROP INDEX orders_customer;",
    good: "-- hasura:no-transaction\nDROP INDEX CONCURRENTLY orders_customer;",
  },
  check: ({ node, schema }) => {
    if (!("DropStmt" in node)) return [];
    const { removeType, concurrent, objects = [] } = node.DropStmt;
    if (removeType !== "OBJECT_INDEX" || concurrent) return [];
    return objects.flatMap((object) => {
      const index = objectName(object);
      const table = schema.indexes.get(index)?.table;
      if (table !== undefined && isNewRelation(schema, table)) return [];
      const message = `DROP INDEX ${index} blocks reads and writes of ${table ?? "its table"} until the transaction ends.`;
      return [{ message, ...(table !== undefined && { table }) }];
    });
  },
};

const maintenanceBlocks: Rule = {
  id: "maintenance-blocks",
  severity: "error",
  title: "REINDEX, CLUSTER, VACUUM FULL, SET LOGGED or REFRESH block a table for a long time",
  why: "They read or write the whole table, or its indexes, under a lock that blocks reads or writes until the transaction ends.",
  safeWay:
    "REINDEX … CONCURRENTLY and REFRESH MATERIALIZED VIEW CONCURRENTLY (it needs a unique index) do not block reads. CLUSTER, VACUUM FULL, SET LOGGED and SET TABLESPACE belong in a maintenance window.",
  example: {
    bad: "REFRESH MATERIALIZED VIEW monthly_revenue;",
    good: "REFRESH MATERIALIZED VIEW CONCURRENTLY monthly_revenue;",
  },
  check: (statement) => {
    const what = maintenance(statement.node);
    if (what === undefined) return [];
    // ALTER SEQUENCE and ALTER INDEX name what they change, which is no table.
    if (statement.locks.length === 0 && !("AlterTableStmt" in statement.node)) {
      const blocked = what === "REINDEX" ? "writes to" : "reads and writes of";
      return [
        { message: `${what} blocks ${blocked} every table that it works on, one after the other.` },
      ];
    }
    return statement.locks
      .filter(({ table }) => !isNewRelation(statement.schema, table))
      .map(({ table, mode }) => ({
        table,
        message: `${what} blocks ${mode === "ACCESS EXCLUSIVE" ? "reads and writes" : "writes"} of ${table} while it runs.`,
      }));
  },
};

type Statement = Parameters<NonNullable<Rule["check"]>>[0]["node"];

const rewriting: Readonly<Record<string, string>> = {
  AT_SetLogged: "SET LOGGED",
  AT_SetUnLogged: "SET UNLOGGED",
  AT_SetTableSpace: "SET TABLESPACE",
  AT_SetAccessMethod: "SET ACCESS METHOD",
  AT_SetExpression: "SET EXPRESSION",
};

function maintenance(node: Statement): string | undefined {
  if ("ReindexStmt" in node)
    return optionIsOn(node.ReindexStmt.params, "concurrently") ? undefined : "REINDEX";
  if ("ClusterStmt" in node) return "CLUSTER";
  if ("VacuumStmt" in node)
    return optionIsOn(node.VacuumStmt.options, "full") ? "VACUUM FULL" : undefined;
  if ("RefreshMatViewStmt" in node)
    return node.RefreshMatViewStmt.concurrent ? undefined : "REFRESH MATERIALIZED VIEW";
  if (!("AlterTableStmt" in node)) return undefined;
  const { cmds = [] } = node.AlterTableStmt;
  return (
    cmds
      .map(
        (command) => "AlterTableCmd" in command && rewriting[command.AlterTableCmd.subtype ?? ""],
      )
      .find((name) => typeof name === "string") || undefined
  );
}

const partitionBlocks: Rule = {
  id: "partition-blocks",
  severity: "warning",
  title: "attaching or detaching a partition blocks a table",
  why: "ATTACH PARTITION reads the whole new partition to check that its rows belong there, unless a CHECK constraint already ensures this. DETACH PARTITION blocks reads and writes of the partitioned table.",
  safeWay:
    "Before ATTACH, add a CHECK constraint with the partition's bounds (NOT VALID, then VALIDATE). Use DETACH PARTITION … CONCURRENTLY in a file that begins with -- hasura:no-transaction.",
  example: {
    bad: "ALTER TABLE events DETACH PARTITION events_2023;",
    good: "-- hasura:no-transaction\nALTER TABLE events DETACH PARTITION events_2023 CONCURRENTLY;",
  },
  check: (statement) => {
    const { node, schema } = statement;
    if (!("AlterTableStmt" in node)) return [];
    const { relation, cmds = [] } = node.AlterTableStmt;
    const parent = relation === undefined ? "" : relationName(relation);
    return cmds.flatMap((command) => {
      if (!("AlterTableCmd" in command)) return [];
      const { subtype, def } = command.AlterTableCmd;
      if (def === undefined || !("PartitionCmd" in def) || !def.PartitionCmd.name) return [];
      const child = relationName(def.PartitionCmd.name);
      const isRead = !isNewRelation(schema, child) && !isEmptied(statement, child);
      if (subtype === "AT_AttachPartition" && isRead)
        return [
          {
            table: child,
            message: `ATTACH PARTITION reads all of ${child}, and blocks its reads and writes while it runs.`,
          },
        ];
      const blocks = subtype === "AT_DetachPartition" && !def.PartitionCmd.concurrent;
      if (!blocks || isNewRelation(schema, parent)) return [];
      return [
        {
          table: parent,
          message: `DETACH PARTITION blocks reads and writes of ${parent} until the transaction ends.`,
        },
      ];
    });
  },
};

export const indexRules: readonly Rule[] = [
  indexBlocksWrites,
  dropIndexBlocks,
  maintenanceBlocks,
  partitionBlocks,
];
