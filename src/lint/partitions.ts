import type { Node } from "@pgsql/types";
import type { StatementLock } from "./lock.ts";
import { relationName } from "./names.ts";
import type { Schema } from "./schema.ts";

/** The partitions and children of a table, also those further below. */
export function childrenOf(schema: Schema, table: string): string[] {
  const children: string[] = [];
  for (const [name, { parent }] of schema.tables)
    if (parent === table) children.push(name, ...childrenOf(schema, name));
  return children;
}

/**
 * The locks of the default partition, with its own partitions, when another partition of its table comes (`scan`: none of its rows may
 * belong there) or goes (`catalog`).
 */
export function defaultPartitionLocks(
  schema: Schema,
  table: string,
  effect: "scan" | "catalog",
): StatementLock[] {
  const partition = schema.tables.get(table)?.defaultPartition;
  if (partition === undefined) return [];
  return withChildren(schema, { table: partition, mode: "ACCESS EXCLUSIVE", effect });
}

/** The lock, and the same on the partitions and children of its table. */
export function withChildren(schema: Schema, lock: StatementLock): StatementLock[] {
  return [lock, ...childrenOf(schema, lock.table).map((table) => ({ ...lock, table }))];
}

/** The table to which a statement adds a partition, or from which it takes one. */
export function partitionedBy(node: Node): string | undefined {
  if ("CreateStmt" in node && node.CreateStmt.partbound !== undefined) {
    const [parent] = node.CreateStmt.inhRelations ?? [];
    return parent && "RangeVar" in parent ? relationName(parent.RangeVar) : undefined;
  }
  const [command] = partitionCommands(node);
  return command?.table;
}

/** The parts of ALTER TABLE that attach or detach a partition. */
export function partitionCommands(node: Node) {
  if (!("AlterTableStmt" in node)) return [];
  const { relation, cmds = [] } = node.AlterTableStmt;
  return cmds.flatMap((command) => {
    if (!("AlterTableCmd" in command) || relation === undefined) return [];
    const { subtype, def } = command.AlterTableCmd;
    if (def === undefined || !("PartitionCmd" in def) || !def.PartitionCmd.name) return [];
    const { name, concurrent = false } = def.PartitionCmd;
    return [
      {
        subtype,
        table: relationName(relation),
        partition: relationName(name),
        isConcurrent: concurrent,
      },
    ];
  });
}
