import type { Node } from "@pgsql/types";
import { optionIsOn } from "../../engine/sql/statement-options.ts";
import { objectName, relationName } from "../names.ts";
import { partitionCommands } from "../partitions.ts";
import { isNewRelation } from "../schema.ts";
import { isEmptied, type LintStatement, type Problem, type Rule } from "./rule.ts";

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

const rewriting: Readonly<Record<string, string>> = {
  AT_SetLogged: "SET LOGGED",
  AT_SetUnLogged: "SET UNLOGGED",
  AT_SetTableSpace: "SET TABLESPACE",
  AT_SetAccessMethod: "SET ACCESS METHOD",
  AT_SetExpression: "SET EXPRESSION",
};

function maintenance(node: Node): string | undefined {
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
  why: "ATTACH PARTITION reads the whole new partition to check that its rows belong there, unless a CHECK constraint already ensures this. If the table has a default partition, ATTACH and CREATE TABLE … PARTITION OF also read all of that, for rows that belong in the new partition. DETACH PARTITION blocks reads and writes of the partitioned table.",
  safeWay:
    "Before ATTACH, add a CHECK constraint with the partition's bounds (NOT VALID, then VALIDATE), and one to the default partition that excludes them. Use DETACH PARTITION … CONCURRENTLY in a file that begins with -- hasura:no-transaction.",
  example: {
    bad: "ALTER TABLE events DETACH PARTITION events_2023;",
    good: "-- hasura:no-transaction\nALTER TABLE events DETACH PARTITION events_2023 CONCURRENTLY;",
  },
  check: (statement) => [...readForPartition(statement), ...detached(statement)],
};

/** The tables that are read because a partition is added. */
function readForPartition(statement: LintStatement): Problem[] {
  const { node, schema, locks } = statement;
  const added = addedPartition(node);
  if (added === undefined) return [];
  const read = locks.filter(
    ({ table, effect }) =>
      effect === "scan" && !isNewRelation(schema, table) && !isEmptied(statement, table),
  );
  return read
    .filter(({ table }) => !read.some((each) => each.table === schema.tables.get(table)?.parent))
    .map(({ table }) => {
      const which = table === added.partition ? table : `the default partition ${table}`;
      return {
        table,
        message: `${added.by} reads all of ${which}, and blocks its reads and writes while it runs.`,
      };
    });
}

function addedPartition(node: Node): { partition: string; by: string } | undefined {
  if ("CreateStmt" in node && node.CreateStmt.partbound !== undefined)
    return { partition: "", by: "CREATE TABLE … PARTITION OF" };
  const [command] = partitionCommands(node);
  return command?.subtype === "AT_AttachPartition"
    ? { partition: command.partition, by: "ATTACH PARTITION" }
    : undefined;
}

const detachWithDefault =
  "PostgreSQL refuses CONCURRENTLY while the table has a default partition. Detach the partition in a file of its own that begins with SET LOCAL lock_timeout = '5s', when few sessions use the table.";

function detached({ node, schema }: LintStatement): Problem[] {
  return partitionCommands(node).flatMap(({ subtype, table, isConcurrent }) => {
    const blocks = subtype === "AT_DetachPartition" && !isConcurrent;
    if (!blocks || isNewRelation(schema, table)) return [];
    const message = `DETACH PARTITION blocks reads and writes of ${table} until the transaction ends.`;
    const hasDefault = schema.tables.get(table)?.defaultPartition !== undefined;
    return [{ table, message, ...(hasDefault && { safeWay: detachWithDefault }) }];
  });
}

export const indexRules: readonly Rule[] = [
  indexBlocksWrites,
  dropIndexBlocks,
  maintenanceBlocks,
  partitionBlocks,
];
