import type { Node, RangeVar } from "@pgsql/types";
import { isTree } from "../sql-parser/tree.ts";
import { nodesIn, stringsOf, temporarySchema } from "./names.ts";
import type { Schema } from "./schema.ts";

/**
 * The statements of one file, with `pg_temp` before the names of its temporary tables, so that they are not taken for tables of the
 * same name: PostgreSQL looks for a name among the temporary tables first, and removes these when the connection is closed.
 */
export function* withTemporaryNames<
  T extends { readonly node: Node; readonly inner?: readonly { readonly node: Node }[] },
>(statements: readonly T[]): Generator<T> {
  let names: ReadonlySet<string> = new Set();
  const renamed = <U extends { readonly node: Node }>(statement: U): U => {
    const { node } = statement;
    const created = createdRelation(node);
    const own = created?.relpersistence === "t" ? created.relname : undefined;
    const known = own === undefined ? names : new Set([...names, own]);
    names = namesAfter(known, node);
    return known.size === 0 ? statement : { ...statement, node: qualifiedIn(node, known) };
  };
  for (const statement of statements) {
    const outer = renamed(statement);
    yield statement.inner ? { ...outer, inner: statement.inner.map(renamed) } : outer;
  }
}

/** The schema at the beginning of a file, without the temporary tables of others. */
export function withoutTemporary(schema: Schema): Schema {
  const isKept = (name: string): boolean => !name.startsWith(`${temporarySchema}.`);
  if ([...schema.tables.keys()].every(isKept)) return schema;
  const tables = [...schema.tables].filter(([name]) => isKept(name));
  return { ...schema, tables: new Map(tables) };
}

function createdRelation(node: Node): RangeVar | undefined {
  if ("CreateStmt" in node) return node.CreateStmt.relation;
  if ("CreateTableAsStmt" in node) return node.CreateTableAsStmt.into?.rel;
  if ("ViewStmt" in node) return node.ViewStmt.view;
  return "SelectStmt" in node ? node.SelectStmt.intoClause?.rel : undefined;
}

function qualifiedIn(node: Node, names: ReadonlySet<string>): Node {
  const copy = structuredClone(node);
  for (const found of relationsIn(copy))
    if (found.schemaname === undefined && names.has(found.relname ?? ""))
      found.schemaname = temporarySchema;
  if ("DropStmt" in copy && isRelationKind(copy.DropStmt.removeType))
    for (const object of copy.DropStmt.objects ?? [])
      if ("List" in object && isAmong(names, stringsOf(object.List.items)))
        object.List.items?.unshift({ String: { sval: temporarySchema } });
  return copy;
}

function relationsIn(node: Node): RangeVar[] {
  return [...nodesIn(node)].flatMap((found: unknown) => (isRelation(found) ? [found] : []));
}

function isRelation(value: unknown): value is RangeVar {
  return isTree(value) && typeof value["relname"] === "string";
}

const relationKinds: ReadonlySet<string> = new Set(["OBJECT_TABLE", "OBJECT_VIEW"]);

function isRelationKind(kind: string | undefined): boolean {
  return relationKinds.has(kind ?? "");
}

function isAmong(names: ReadonlySet<string>, [name = "", ...more]: readonly string[]): boolean {
  return more.length === 0 && names.has(name);
}

/** The names after a statement that drops or renames temporary tables. */
function namesAfter(names: ReadonlySet<string>, node: Node): ReadonlySet<string> {
  if (names.size === 0) return names;
  if ("DropStmt" in node && isRelationKind(node.DropStmt.removeType))
    return afterDrop(names, node.DropStmt.objects ?? []);
  if ("RenameStmt" in node && isRelationKind(node.RenameStmt.renameType)) {
    const { relation, newname } = node.RenameStmt;
    return isMaybeTemporary(relation)
      ? afterRename(names, relation?.relname ?? "", newname ?? "")
      : names;
  }
  return names;
}

function isMaybeTemporary(relation: RangeVar | undefined): boolean {
  return relation?.schemaname === undefined || relation.schemaname === temporarySchema;
}

function afterDrop(names: ReadonlySet<string>, objects: readonly Node[]): ReadonlySet<string> {
  const next = new Set(names);
  for (const object of objects) {
    const parts = "List" in object ? stringsOf(object.List.items) : [];
    const isTemporary = parts.length === 1 || parts[0] === temporarySchema;
    if (isTemporary) next.delete(parts.at(-1) ?? "");
  }
  return next;
}

function afterRename(names: ReadonlySet<string>, from: string, to: string): ReadonlySet<string> {
  const next = new Set(names);
  if (next.delete(from)) next.add(to);
  return next;
}
