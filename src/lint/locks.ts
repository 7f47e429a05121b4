import type {
  AlterTableStmt,
  DropStmt,
  Node,
  RangeVar,
  ReindexStmt,
  RenameStmt,
  TruncateStmt,
} from "@pgsql/types";
import { alterLocks } from "./alter-locks.ts";
import { changesNoRows } from "./changes.ts";
import {
  foreignTables,
  lockModes,
  strongest,
  type LockEffect,
  type LockMode,
  type StatementLock,
} from "./lock.ts";
import { isTree } from "../sql-parser/tree.ts";
import { defaultPartitionLocks, withChildren } from "./partitions.ts";
import { nodesIn, objectName, relationName, stringsOf, qualified } from "./names.ts";
import { optionIsOn } from "../engine/sql/statement-options.ts";
import { lastPart, schemaOf, type Schema } from "./schema.ts";

/**
 * The locks that a statement takes on tables, views and materialized views: for each relation the strongest one. Statements inside functions
 * and DO blocks are not seen.
 */
export function locksOf(node: Node, schema: Schema): StatementLock[] {
  const locks = definitionLocks(node, schema);
  return strongest([...locks, ...childLocks(node, locks, schema), ...changedRows(node)]);
}

/** The partitions and children of a table, which most definitions also change. */
function childLocks(
  node: Node,
  locks: readonly StatementLock[],
  schema: Schema,
): readonly StatementLock[] {
  const [own] = locks;
  if (own === undefined || !reachesChildren(node)) return [];
  return withChildren(schema, own).slice(1);
}

const single = new Set([
  "AT_AttachPartition",
  "AT_DetachPartition",
  "AT_SetRelOptions",
  "AT_AddInherit",
  "AT_DropInherit",
  "AT_EnableRule",
  "AT_DisableRule",
]);

function reachesChildren(node: Node): boolean {
  if ("AlterTableStmt" in node)
    return !(node.AlterTableStmt.cmds ?? []).some(
      (command) => "AlterTableCmd" in command && single.has(command.AlterTableCmd.subtype ?? ""),
    );
  if ("DropStmt" in node) return node.DropStmt.removeType === "OBJECT_TABLE";
  return "IndexStmt" in node || "TruncateStmt" in node || "CreateTrigStmt" in node;
}

type Lock = readonly [mode: LockMode, effect: LockEffect];

const on = (relation: RangeVar | undefined, [mode, effect]: Lock): StatementLock[] =>
  relation === undefined ? [] : [{ table: relationName(relation), mode, effect }];

const exclusive: Lock = ["ACCESS EXCLUSIVE", "catalog"];

function definitionLocks(node: Node, schema: Schema): StatementLock[] {
  if ("AlterTableStmt" in node) return tableLocks(node.AlterTableStmt, schema);
  if ("IndexStmt" in node) {
    const { relation, concurrent } = node.IndexStmt;
    return on(relation, [concurrent ? "SHARE UPDATE EXCLUSIVE" : "SHARE", "scan"]);
  }
  if ("CreateStmt" in node) return createdTableLocks(node, schema);
  if ("DropStmt" in node) return dropLocks(node.DropStmt, schema);
  if ("RenameStmt" in node) return renameLocks(node.RenameStmt);
  if ("CreateTrigStmt" in node)
    return [
      ...on(node.CreateTrigStmt.relation, ["SHARE ROW EXCLUSIVE", "catalog"]),
      ...on(node.CreateTrigStmt.constrrel, ["SHARE ROW EXCLUSIVE", "catalog"]),
    ];
  return maintenanceLocks(node, schema);
}

function tableLocks(statement: AlterTableStmt, schema: Schema): StatementLock[] {
  // ALTER INDEX locks the index only; ALTER SEQUENCE and ALTER TYPE no table.
  if (!["OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW"].includes(statement.objtype ?? ""))
    return [];
  return alterLocks(statement, schema);
}

/** Nobody uses a new table, but the tables that its foreign keys refer to get triggers, and its parent a partition. */
function createdTableLocks(
  node: Extract<Node, { CreateStmt: unknown }>,
  schema: Schema,
): StatementLock[] {
  const { tableElts = [], inhRelations = [], partbound } = node.CreateStmt;
  const constraints = [...nodesIn(tableElts)].flatMap(({ Constraint: each }) =>
    isTree(each) && isTree(each["pktable"]) ? [each["pktable"]] : [],
  );
  const targets = constraints.flatMap((table) => on(table, ["SHARE ROW EXCLUSIVE", "catalog"]));
  const parents = inhRelations.flatMap((parent) => {
    if (!("RangeVar" in parent)) return [];
    if (!partbound) return on(parent.RangeVar, ["SHARE UPDATE EXCLUSIVE", "catalog"]);
    const table = relationName(parent.RangeVar);
    return [...on(parent.RangeVar, exclusive), ...defaultPartitionLocks(schema, table, "scan")];
  });
  return [...targets, ...parents];
}

function dropLocks(statement: DropStmt, schema: Schema): StatementLock[] {
  const { objects = [], removeType, concurrent } = statement;
  const each = (of: (name: string) => StatementLock[]) => objects.map(objectName).flatMap(of);
  switch (removeType) {
    case "OBJECT_TABLE":
      return each((table) => [
        { table, mode: "ACCESS EXCLUSIVE", effect: "data-loss" },
        ...foreignTables(schema, table),
        ...partitionedTableLocks(schema, table),
      ]);
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
      return each((table) => [{ table, mode: "ACCESS EXCLUSIVE", effect: "catalog" }]);
    case "OBJECT_INDEX":
      return each((index) => {
        const table = schema.indexes.get(index)?.table;
        const mode = concurrent ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
        return table === undefined ? [] : [{ table, mode, effect: "catalog" }];
      });
    case "OBJECT_TRIGGER":
    case "OBJECT_RULE":
    case "OBJECT_POLICY":
      // The name of the table, then that of the object.
      return objects.flatMap((object) => {
        if (!("List" in object)) return [];
        const table = qualified(stringsOf(object.List.items).slice(0, -1));
        return [{ table, mode: "ACCESS EXCLUSIVE", effect: "catalog" }];
      });
    default:
      return [];
  }
}

/** Those of the table that a dropped table is a partition of. */
function partitionedTableLocks(schema: Schema, partition: string): StatementLock[] {
  const { parent, isPartition } = schema.tables.get(partition) ?? {};
  if (parent === undefined || isPartition !== true) return [];
  const others = defaultPartitionLocks(schema, parent, "catalog");
  return [
    { table: parent, mode: "ACCESS EXCLUSIVE", effect: "catalog" },
    ...others.filter(({ table }) => table !== partition),
  ];
}

function renameLocks({ renameType, relation }: RenameStmt): StatementLock[] {
  switch (renameType) {
    case "OBJECT_TABLE":
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
    case "OBJECT_COLUMN":
    case "OBJECT_TABCONSTRAINT":
    case "OBJECT_TRIGGER":
    case "OBJECT_RULE":
    case "OBJECT_POLICY":
      return on(relation, exclusive);
    default:
      return [];
  }
}

function maintenanceLocks(node: Node, schema: Schema): StatementLock[] {
  if ("TruncateStmt" in node)
    return truncatedTables(node.TruncateStmt, schema).map((table) => ({
      table,
      mode: "ACCESS EXCLUSIVE",
      effect: "data-loss",
    }));
  if ("ClusterStmt" in node) return on(node.ClusterStmt.relation, ["ACCESS EXCLUSIVE", "rewrite"]);
  if ("RefreshMatViewStmt" in node) {
    const { relation, concurrent } = node.RefreshMatViewStmt;
    return on(relation, concurrent ? ["EXCLUSIVE", "scan"] : ["ACCESS EXCLUSIVE", "rewrite"]);
  }
  if ("LockStmt" in node) {
    const mode = modeOfNumber(node.LockStmt.mode);
    return mode === undefined ? [] : relations(node.LockStmt.relations, [mode, "catalog"]);
  }
  if ("VacuumStmt" in node) return vacuumLocks(node);
  if ("ReindexStmt" in node) return reindexLocks(node.ReindexStmt, schema);
  return otherLocks(node);
}

/** The tables of a TRUNCATE, and with CASCADE all that refer to them. */
export function truncatedTables(statement: TruncateStmt, schema: Schema): string[] {
  const tables = namedTables(statement);
  return statement.behavior === "DROP_CASCADE" ? withReferring(tables, schema) : tables;
}

/** The tables that a TRUNCATE names. */
export function namedTables({ relations: listed = [] }: TruncateStmt): string[] {
  const names = listed.flatMap((node) => ("RangeVar" in node ? [relationName(node.RangeVar)] : []));
  return [...new Set(names)];
}

/** Tables with all that refer to them, directly or through others. */
export function withReferring(tables: readonly string[], schema: Schema): string[] {
  const found = new Set(tables);
  // The set grows while it is iterated, so that tables that refer to an added one are found, too.
  for (const table of found)
    for (const [name, { constraints }] of schema.tables)
      if ([...constraints.values()].some(({ target }) => target === table)) found.add(name);
  return [...found];
}

function reindexLocks({ kind, relation, params }: ReindexStmt, schema: Schema): StatementLock[] {
  const mode = optionIsOn(params, "concurrently") ? "SHARE UPDATE EXCLUSIVE" : "SHARE";
  if (kind === "REINDEX_OBJECT_TABLE") return on(relation, [mode, "scan"]);
  const table = relation && tableOfIndex(schema, relationName(relation));
  return kind === "REINDEX_OBJECT_INDEX" && table !== undefined
    ? [{ table, mode, effect: "scan" }]
    : [];
}

/** The table of an index, also of one that belongs to a constraint; undefined for an index that is not known. */
function tableOfIndex(schema: Schema, index: string): string | undefined {
  const ofConstraint = [...schema.tables].find(
    ([table, { constraints }]) =>
      schemaOf(table) === schemaOf(index) && constraints.has(lastPart(index)),
  );
  return schema.indexes.get(index)?.table ?? ofConstraint?.[0];
}

function vacuumLocks(node: Extract<Node, { VacuumStmt: unknown }>): StatementLock[] {
  const { rels = [], options, is_vacuumcmd: isVacuum } = node.VacuumStmt;
  const isFull = isVacuum === true && optionIsOn(options, "full");
  const effect = isVacuum === true ? "scan" : "catalog"; // ANALYZE reads a sample.
  const lock: Lock = isFull ? ["ACCESS EXCLUSIVE", "rewrite"] : ["SHARE UPDATE EXCLUSIVE", effect];
  return rels.flatMap((rel) =>
    "VacuumRelation" in rel ? on(rel.VacuumRelation.relation, lock) : [],
  );
}

function otherLocks(node: Node): StatementLock[] {
  if ("CreatePolicyStmt" in node) return on(node.CreatePolicyStmt.table, exclusive);
  if ("AlterPolicyStmt" in node) return on(node.AlterPolicyStmt.table, exclusive);
  if ("RuleStmt" in node) return on(node.RuleStmt.relation, exclusive);
  if ("AlterObjectSchemaStmt" in node) {
    const { relation, objectType = "" } = node.AlterObjectSchemaStmt;
    const kinds = ["OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW"];
    return kinds.includes(objectType) ? on(relation, exclusive) : [];
  }
  if ("ViewStmt" in node)
    return node.ViewStmt.replace === true ? on(node.ViewStmt.view, exclusive) : [];
  return weakLocks(node);
}

/** Those under which rows can be read and changed. */
function weakLocks(node: Node): StatementLock[] {
  if ("CreateStatsStmt" in node)
    return relations(node.CreateStatsStmt.relations, ["SHARE UPDATE EXCLUSIVE", "catalog"]);
  if ("AlterPublicationStmt" in node) {
    const { action, pubobjects } = node.AlterPublicationStmt;
    return action === "AP_DropObjects" ? [] : publishedTables(pubobjects);
  }
  if ("CreatePublicationStmt" in node)
    return publishedTables(node.CreatePublicationStmt.pubobjects);
  if ("CommentStmt" in node)
    return commentLocks(node.CommentStmt.objtype ?? "", node.CommentStmt.object);
  return [];
}

function publishedTables(objects: readonly Node[] | undefined): StatementLock[] {
  return (objects ?? []).flatMap((object) =>
    "PublicationObjSpec" in object
      ? on(object.PublicationObjSpec.pubtable?.relation, ["SHARE UPDATE EXCLUSIVE", "catalog"])
      : [],
  );
}

const commented = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
]);

function commentLocks(type: string, object: Node | undefined): StatementLock[] {
  const lock = { mode: "SHARE UPDATE EXCLUSIVE", effect: "catalog" } as const;
  if (commented.has(type)) return [{ table: objectName(object), ...lock }];
  if (type !== "OBJECT_COLUMN" || object === undefined || !("List" in object)) return [];
  return [{ table: qualified(stringsOf(object.List.items).slice(0, -1)), ...lock }];
}

function relations(nodes: readonly Node[] | undefined, lock: Lock): StatementLock[] {
  return (nodes ?? []).flatMap((node) => ("RangeVar" in node ? on(node.RangeVar, lock) : []));
}

/** The numbers of PostgreSQL's lock modes begin with those that are left out. */
function modeOfNumber(mode = 8): LockMode | undefined {
  return lockModes[mode - 3];
}

const changing = ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];

/** INSERT, UPDATE, DELETE and MERGE, also inside WITH. */
function changedRows(node: Node): StatementLock[] {
  if (changesNoRows(node)) return [];
  const locks: StatementLock[] = [];
  for (const found of nodesIn(node))
    for (const kind of changing) {
      const statement = found[kind];
      if (isTree(statement) && isTree(statement["relation"]))
        locks.push(...on(statement["relation"], ["ROW EXCLUSIVE", "rows"]));
    }
  if ("CopyStmt" in node && node.CopyStmt.is_from === true)
    locks.push(...on(node.CopyStmt.relation, ["ROW EXCLUSIVE", "rows"]));
  return locks;
}
