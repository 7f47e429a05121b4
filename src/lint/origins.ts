import type { Node } from "@pgsql/types";
import type { DroppedObject } from "../engine/plan/assessment.ts";
import { objectName, qualified, relationName, stringsOf } from "./names.ts";
import type { LintStatement } from "./rules/rule.ts";
import { isNewRelation, lastPart, schemaOf } from "./schema.ts";
import { newName } from "./after-rename.ts";

/** Where the tables and objects of a run come from: from before it, under which name, or from the run itself. */
export interface Origins {
  /** New name of a table → the name that it had before the run. */
  readonly tables: ReadonlyMap<string, string>;
  /** New name of a schema → the name that it had before the run. */
  readonly schemas: ReadonlyMap<string, string>;
  /** Objects that the run has certainly created, as `keyOf` writes them. */
  readonly created: ReadonlySet<string>;
  /** Objects from before the run, under the names that the run has given them. */
  readonly renamed: ReadonlySet<string>;
  /** The type of a column with earlier data was changed, so that it may depend on any type. */
  readonly isRetyped: boolean;
}

export const noOrigins: Origins = {
  tables: new Map(),
  schemas: new Map(),
  created: new Set(),
  renamed: new Set(),
  isRetyped: false,
};

/** The name that a table had before the run. */
export function nameBefore({ tables, schemas }: Origins, table: string): string {
  const schema = schemas.get(schemaOf(table));
  const inFormer = schema === undefined ? table : qualified([schema, lastPart(table)]);
  return tables.get(table) ?? tables.get(inFormer) ?? inFormer;
}

/** What is known of an object without asking the database: the run has created it, it is from before the run, or nothing. */
export function originOf(origins: Origins, object: DroppedObject): "run" | "before" | "unknown" {
  const { tables, created, renamed, isRetyped } = origins;
  const key = keyOf(object);
  if (object.kind === "schema") {
    const hasEarlierTable = [...tables.keys()].some((table) => schemaOf(table) === object.name);
    if (hasEarlierTable || renamed.has(key)) return "before";
  } else if (isRetyped || renamed.has(key)) return "before";
  return created.has(key) ? "run" : "unknown";
}

/** The origins after a statement. Statements inside DO blocks and functions are ignored. */
export function afterStatement(origins: Origins, statement: LintStatement): Origins {
  const { node } = statement;
  const created = createdBy(node);
  if (created !== undefined)
    return { ...origins, created: new Set(origins.created).add(keyOf(created)) };
  if (changesEarlierType(statement)) return { ...origins, created: new Set(), isRetyped: true };
  const table = newName(node);
  if (table !== undefined)
    return {
      ...origins,
      tables: new Map(origins.tables).set(table.to, nameBefore(origins, table.from)),
    };
  const object = renamedBy(node);
  return object ? afterRename(origins, object) : origins;
}

function afterRename(origins: Origins, { from, to }: RenamedObject): Origins {
  const created = new Set(origins.created);
  if (created.delete(keyOf(from))) return { ...origins, created: created.add(keyOf(to)) };
  const renamed = new Set(origins.renamed).add(keyOf(to));
  if (to.kind !== "schema") return { ...origins, renamed };
  const before = origins.schemas.get(from.name) ?? from.name;
  return { ...origins, renamed, schemas: new Map(origins.schemas).set(to.name, before) };
}

function keyOf({ kind, name }: DroppedObject): string {
  return `${kind} ${name}`;
}

function changesEarlierType({ node, schema }: LintStatement): boolean {
  if (!("AlterTableStmt" in node)) return false;
  const { relation, cmds = [] } = node.AlterTableStmt;
  const isNew = relation !== undefined && isNewRelation(schema, relationName(relation));
  return (
    !isNew &&
    cmds.some(
      (each) => "AlterTableCmd" in each && each.AlterTableCmd.subtype === "AT_AlterColumnType",
    )
  );
}

/** The object that a statement certainly creates; IF NOT EXISTS may have created nothing. */
function createdBy(node: Node): DroppedObject | undefined {
  if ("CreateSchemaStmt" in node) {
    const { schemaname: name = "", if_not_exists: isOptional } = node.CreateSchemaStmt;
    return isOptional ? undefined : { kind: "schema", name };
  }
  if ("CreateExtensionStmt" in node) {
    const { extname: name = "", if_not_exists: isOptional } = node.CreateExtensionStmt;
    return isOptional ? undefined : { kind: "extension", name };
  }
  if ("DefineStmt" in node && node.DefineStmt.kind === "OBJECT_COLLATION") {
    const { defnames, if_not_exists: isOptional } = node.DefineStmt;
    const name = qualified(stringsOf(defnames));
    return isOptional ? undefined : { kind: "collation", name };
  }
  return createdType(node);
}

function createdType(node: Node): DroppedObject | undefined {
  if ("CompositeTypeStmt" in node) {
    const { typevar } = node.CompositeTypeStmt;
    return typevar && { kind: "type", name: relationName(typevar) };
  }
  const name =
    "CreateEnumStmt" in node
      ? node.CreateEnumStmt.typeName
      : "CreateDomainStmt" in node
        ? node.CreateDomainStmt.domainname
        : undefined;
  return name && { kind: "type", name: qualified(stringsOf(name)) };
}

interface RenamedObject {
  readonly from: DroppedObject;
  readonly to: DroppedObject;
}

const kinds: Readonly<Record<string, DroppedObject["kind"]>> = {
  OBJECT_TYPE: "type",
  OBJECT_DOMAIN: "type",
  OBJECT_COLLATION: "collation",
};

/** The object that a statement renames, or moves to another schema. */
function renamedBy(node: Node): RenamedObject | undefined {
  if ("AlterObjectSchemaStmt" in node) {
    const { objectType = "", object, newschema = "" } = node.AlterObjectSchemaStmt;
    const kind = kinds[objectType];
    if (kind === undefined) return undefined;
    const name = objectName(object);
    const moved = qualified([newschema, name.split(".").at(-1) ?? ""]);
    return { from: { kind, name }, to: { kind, name: moved } };
  }
  if (!("RenameStmt" in node)) return undefined;
  const { renameType = "", object, subname = "", newname = "" } = node.RenameStmt;
  if (renameType === "OBJECT_SCHEMA")
    return { from: { kind: "schema", name: subname }, to: { kind: "schema", name: newname } };
  const kind = kinds[renameType];
  if (kind === undefined) return undefined;
  const name = objectName(object);
  const renamed = qualified([...name.split(".").slice(0, -1), newname]);
  return { from: { kind, name }, to: { kind, name: renamed } };
}
