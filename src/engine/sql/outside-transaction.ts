import type { Node, ReindexStmt } from "@pgsql/types";
import { optionIsOn } from "./statement-options.ts";

/** The name of a statement that PostgreSQL refuses in a transaction; undefined for any other. */
export function outsideTransaction(node: Node): string | undefined {
  if ("IndexStmt" in node) return onlyIf(node.IndexStmt.concurrent, "CREATE INDEX CONCURRENTLY");
  if ("DropStmt" in node) return onlyIf(node.DropStmt.concurrent, "DROP INDEX CONCURRENTLY");
  if ("VacuumStmt" in node) return onlyIf(node.VacuumStmt.is_vacuumcmd, "VACUUM");
  if ("ClusterStmt" in node)
    return onlyIf(node.ClusterStmt.relation === undefined, "CLUSTER without a table");
  if ("ReindexStmt" in node) return outsideReindex(node.ReindexStmt);
  if ("AlterTableStmt" in node) return detachesConcurrently(node.AlterTableStmt.cmds ?? []);
  return outsideStatements[Object.keys(node)[0] ?? ""];
}

/** The word with which a statement begins, ends or prepares a transaction; undefined for any other, and for savepoints. */
export function transactionWord(node: Node): string | undefined {
  if (!("TransactionStmt" in node)) return undefined;
  return transactionWords[node.TransactionStmt.kind ?? "TRANS_STMT_SAVEPOINT"];
}

function onlyIf(condition: boolean | undefined, name: string): string | undefined {
  return condition === true ? name : undefined;
}

function outsideReindex({ kind, params }: ReindexStmt): string | undefined {
  if (optionIsOn(params, "concurrently")) return "REINDEX CONCURRENTLY";
  const isWide = ["REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE"];
  return isWide.includes(kind ?? "") ? "REINDEX of a whole schema or database" : undefined;
}

const outsideStatements: Readonly<Record<string, string>> = {
  CreatedbStmt: "CREATE DATABASE",
  DropdbStmt: "DROP DATABASE",
  AlterSystemStmt: "ALTER SYSTEM",
  CreateTableSpaceStmt: "CREATE TABLESPACE",
  DropTableSpaceStmt: "DROP TABLESPACE",
};

function detachesConcurrently(commands: readonly Node[]): string | undefined {
  const found = commands.some(
    (command) =>
      "AlterTableCmd" in command &&
      command.AlterTableCmd.def !== undefined &&
      "PartitionCmd" in command.AlterTableCmd.def &&
      command.AlterTableCmd.def.PartitionCmd.concurrent,
  );
  return found ? "DETACH PARTITION CONCURRENTLY" : undefined;
}

const transactionWords: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: "BEGIN",
  TRANS_STMT_START: "START TRANSACTION",
  TRANS_STMT_COMMIT: "COMMIT",
  TRANS_STMT_ROLLBACK: "ROLLBACK",
  TRANS_STMT_PREPARE: "PREPARE TRANSACTION",
  TRANS_STMT_COMMIT_PREPARED: "COMMIT PREPARED",
  TRANS_STMT_ROLLBACK_PREPARED: "ROLLBACK PREPARED",
};
