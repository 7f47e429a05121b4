import type { DropStmt, Node } from "@pgsql/types";
import type { RemovedName } from "../engine/plan/assessment.ts";
import { objectName } from "./names.ts";
import { schemaOf, type Schema } from "./schema.ts";
import { newFunctionName, newName } from "./after-rename.ts";

/** `orders.note` */
export function removalLabel({ name, column }: RemovedName): string {
  return column === undefined ? name : `${name}.${column}`;
}

/** The names that a statement drops, renames, or moves to another schema. */
export function removalsIn(node: Node): RemovedName[] {
  const moved = newName(node);
  if (moved !== undefined) return [{ kind: "table", name: moved.from }];
  const movedFunction = newFunctionName(node);
  if (movedFunction !== undefined) return [{ kind: "function", name: movedFunction.from }];
  if ("DropStmt" in node) return dropped(node.DropStmt);
  if ("RenameStmt" in node) {
    const { renameType, relation, subname: column = "" } = node.RenameStmt;
    if (renameType === "OBJECT_SCHEMA") return [{ kind: "schema", name: column }];
    if (renameType !== "OBJECT_COLUMN" || relation === undefined) return [];
    return [{ kind: "column", name: objectName({ RangeVar: relation }), column }];
  }
  return "AlterTableStmt" in node ? droppedColumns(node) : [];
}

function dropped({ removeType = "OBJECT_TYPE", objects = [], behavior }: DropStmt): RemovedName[] {
  const kind = kinds[removeType];
  // Without CASCADE, there was nothing in it.
  if (kind === "schema" && behavior !== "DROP_CASCADE") return [];
  return kind === undefined ? [] : objects.map((object) => ({ kind, name: objectName(object) }));
}

/** Hasura does not track procedures. */
const kinds: Readonly<Record<string, "table" | "function" | "schema">> = {
  OBJECT_TABLE: "table",
  OBJECT_VIEW: "table",
  OBJECT_MATVIEW: "table",
  OBJECT_FOREIGN_TABLE: "table",
  OBJECT_FUNCTION: "function",
  OBJECT_ROUTINE: "function",
  OBJECT_SCHEMA: "schema",
};

function droppedColumns({
  AlterTableStmt: { relation, cmds = [] },
}: Extract<Node, { AlterTableStmt: unknown }>): RemovedName[] {
  if (relation === undefined) return [];
  const name = objectName({ RangeVar: relation });
  return cmds.flatMap((command) =>
    "AlterTableCmd" in command && command.AlterTableCmd.subtype === "AT_DropColumn"
      ? [{ kind: "column", name, column: command.AlterTableCmd.name ?? "" } as const]
      : [],
  );
}

/** The names of tables and functions that are gone; those of a schema, as far as they are known. */
export function removedNames(removal: RemovedName, { tables, functions }: Schema): RemovedName[] {
  if (removal.kind !== "schema") return [removal];
  const inSchema = (names: Iterable<string>, kind: "table" | "function"): RemovedName[] =>
    [...names].filter((name) => schemaOf(name) === removal.name).map((name) => ({ kind, name }));
  return [...inSchema(tables.keys(), "table"), ...inSchema(functions.keys(), "function")];
}

/** True if the name exists again in a later schema. */
export function isThere({ kind, name, column }: RemovedName, schema: Schema): boolean {
  if (kind === "function") return schema.functions.has(name);
  const table = schema.tables.get(name);
  return column === undefined ? table !== undefined : table?.columns.has(column) === true;
}
