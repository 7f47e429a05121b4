import type { DropStmt, Node } from "@pgsql/types";
import { objectName } from "./names.ts";
import { newName, type Schema } from "./schema.ts";

/** A name that is gone after a statement: of a table or view, of one of its columns, or of a function. */
export interface Removal {
  readonly kind: "table" | "column" | "function";
  /** The table or the function, such as `orders` or `shop.orders`. */
  readonly name: string;
  readonly column?: string;
}

/** `orders.note` */
export function removalLabel({ name, column }: Removal): string {
  return column === undefined ? name : `${name}.${column}`;
}

/** The names that a statement drops, renames, or moves to another schema. */
export function removalsIn(node: Node): Removal[] {
  const moved = newName(node);
  if (moved !== undefined) return [{ kind: "table", name: moved.from }];
  if ("DropStmt" in node) return dropped(node.DropStmt);
  if ("RenameStmt" in node) {
    const { renameType, relation, object, subname: column = "" } = node.RenameStmt;
    if (renameType === "OBJECT_FUNCTION") return [{ kind: "function", name: objectName(object) }];
    if (renameType !== "OBJECT_COLUMN" || relation === undefined) return [];
    return [{ kind: "column", name: objectName({ RangeVar: relation }), column }];
  }
  return "AlterTableStmt" in node ? droppedColumns(node) : [];
}

function dropped({ removeType = "OBJECT_TYPE", objects = [] }: DropStmt): Removal[] {
  const kind = kinds[removeType];
  return kind === undefined ? [] : objects.map((object) => ({ kind, name: objectName(object) }));
}

const kinds: Readonly<Record<string, "table" | "function">> = {
  OBJECT_TABLE: "table",
  OBJECT_VIEW: "table",
  OBJECT_MATVIEW: "table",
  OBJECT_FUNCTION: "function",
};

function droppedColumns({
  AlterTableStmt: { relation, cmds = [] },
}: Extract<Node, { AlterTableStmt: unknown }>): Removal[] {
  if (relation === undefined) return [];
  const name = objectName({ RangeVar: relation });
  return cmds.flatMap((command) =>
    "AlterTableCmd" in command && command.AlterTableCmd.subtype === "AT_DropColumn"
      ? [{ kind: "column", name, column: command.AlterTableCmd.name ?? "" } as const]
      : [],
  );
}

/** True if the name exists again in a later schema. */
export function isThere({ kind, name, column }: Removal, schema: Schema): boolean {
  if (kind === "function") return schema.functions.has(name);
  const table = schema.tables.get(name);
  return column === undefined ? table !== undefined : table?.columns.has(column) === true;
}
