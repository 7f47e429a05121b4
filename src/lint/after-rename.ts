import type { Node, RenameStmt } from "@pgsql/types";
import type { ColumnType } from "./column-types.ts";
import { withRenamedColumn } from "./constraints.ts";
import { objectName, qualified, relationName } from "./names.ts";
import { type Schema, type Table, changed, without, schemaOf, lastPart } from "./schema.ts";

/** What `objectType` and `renameType` call tables and views. */
export const relationKinds: ReadonlySet<string> = new Set([
  ...["OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE"],
]);

interface NewName {
  readonly from: string;
  readonly to: string;
}

/** After a relation, a type or a function is renamed or moved to another schema; undefined for any other statement. */
export function afterMove(schema: Schema, node: Node): Schema | undefined {
  const relation = newName(node);
  if (relation !== undefined) return withMovedRelation(schema, relation);
  const type = newTypeName(node);
  if (type !== undefined) return withMovedType(schema, type);
  const called = newFunctionName(node);
  return called && withMovedFunction(schema, called);
}

/** After any other RENAME. */
export function afterRename(schema: Schema, statement: RenameStmt): Schema {
  const { relation, renameType, subname = "", newname = "" } = statement;
  if (renameType === "OBJECT_SCHEMA") return afterSchemaRename(schema, subname, newname);
  if (relation === undefined) return schema;
  const table = relationName(relation);
  switch (renameType) {
    case "OBJECT_COLUMN":
      return afterColumnRename(schema, table, subname, newname);
    case "OBJECT_TABCONSTRAINT":
      return changed(schema, table, (known) => {
        const constraint = known.constraints.get(subname);
        if (constraint === undefined) return known;
        const constraints = without(known.constraints, subname).set(newname, constraint);
        return { ...known, constraints };
      });
    case "OBJECT_INDEX":
      return afterIndexRename(schema, table, newname);
    default:
      return schema;
  }
}

function afterIndexRename(schema: Schema, index: string, to: string): Schema {
  const of = schema.indexes.get(index);
  if (of === undefined) return schema;
  return { ...schema, indexes: without(schema.indexes, index).set(renamedTo(index, to), of) };
}

function afterSchemaRename(schema: Schema, from: string, to: string): Schema {
  const inIt = (names: Iterable<string>) =>
    [...names]
      .filter((name) => schemaOf(name) === from)
      .map((name) => ({ from: name, to: qualified([to, lastPart(name)]) }));
  const relations = inIt(schema.tables.keys()).reduce(withMovedRelation, schema);
  const types = [...schema.enums.keys(), ...schema.domains.keys()];
  const next = inIt(types).reduce(withMovedType, relations);
  return inIt(schema.functions.keys()).reduce(withMovedFunction, next);
}

function afterColumnRename(schema: Schema, table: string, from: string, to: string): Schema {
  const next = changed(schema, table, (known) => {
    const column = known.columns.get(from);
    const constraints = [...known.constraints].map(
      ([name, each]) => [name, withRenamedColumn(each, from, to)] as const,
    );
    const columns =
      column === undefined ? known.columns : without(known.columns, from).set(to, column);
    return { ...known, columns, constraints: new Map(constraints) };
  });
  const indexes = [...next.indexes].map(([name, index]) => {
    const columns = index.columns.map((column) =>
      index.table === table && column === from ? to : column,
    );
    return [name, { ...index, columns }] as const;
  });
  return { ...next, indexes: new Map(indexes) };
}

/** The names of a function that a statement renames, or moves to another schema. */
export function newFunctionName(node: Node): NewName | undefined {
  return newObjectName(node, ["OBJECT_FUNCTION", "OBJECT_ROUTINE"]);
}

/** The names of a type that a statement renames, or moves to another schema. */
export function newTypeName(node: Node): NewName | undefined {
  return newObjectName(node, ["OBJECT_TYPE", "OBJECT_DOMAIN"]);
}

function newObjectName(node: Node, kinds: readonly string[]): NewName | undefined {
  if ("AlterObjectSchemaStmt" in node) {
    const { objectType = "", object, newschema = "" } = node.AlterObjectSchemaStmt;
    const from = objectName(object);
    return kinds.includes(objectType)
      ? { from, to: qualified([newschema, lastPart(from)]) }
      : undefined;
  }
  if (!("RenameStmt" in node)) return undefined;
  const { renameType = "", object, newname = "" } = node.RenameStmt;
  const from = objectName(object);
  return kinds.includes(renameType) ? { from, to: renamedTo(from, newname) } : undefined;
}

/** The names of a relation that a statement renames, or moves to another schema. */
export function newName(node: Node): NewName | undefined {
  if ("AlterObjectSchemaStmt" in node) {
    const { relation, newschema = "" } = node.AlterObjectSchemaStmt;
    if (relation === undefined) return undefined;
    return { from: relationName(relation), to: qualified([newschema, relation.relname ?? ""]) };
  }
  if (!("RenameStmt" in node)) return undefined;
  const { renameType = "", relation, newname = "" } = node.RenameStmt;
  if (relation === undefined || !relationKinds.has(renameType)) return undefined;
  const from = relationName(relation);
  return { from, to: renamedTo(from, newname) };
}

function renamedTo(name: string, last: string): string {
  return qualified([...name.split(".").slice(0, -1), last]);
}

function withMovedRelation(schema: Schema, { from, to }: NewName): Schema {
  const table = schema.tables.get(from);
  if (table === undefined) return schema;
  const tables = [...without(schema.tables, from).set(to, table)].map(
    ([name, each]) => [name, withLinks(each, from, to)] as const,
  );
  const indexes = [...schema.indexes].map(
    ([name, index]) => [name, index.table === from ? { ...index, table: to } : index] as const,
  );
  return { ...schema, tables: new Map(tables), indexes: new Map(indexes) };
}

/** The table, with foreign keys, a parent and a default partition that may be a renamed table. */
function withLinks(table: Table, from: string, to: string): Table {
  const constraints = [...table.constraints];
  const { parent, defaultPartition } = table;
  const isLinked = constraints.some(([, { target }]) => target === from);
  if (!isLinked && parent !== from && defaultPartition !== from) return table;
  return {
    ...table,
    ...(parent === from && { parent: to }),
    ...(defaultPartition === from && { defaultPartition: to }),
    constraints: new Map(
      constraints.map(([name, each]) => [
        name,
        each.target === from ? { ...each, target: to } : each,
      ]),
    ),
  };
}

function withMovedFunction(schema: Schema, { from, to }: NewName): Schema {
  const moving = (names: ReadonlySet<string>): ReadonlySet<string> => {
    if (!names.has(from)) return names;
    const next = new Set(names).add(to);
    next.delete(from);
    return next;
  };
  return {
    ...schema,
    functions: without(schema.functions, from).set(to, schema.functions.get(from) ?? []),
    stableFunctions: moving(schema.stableFunctions),
    triggerFunctions: moving(schema.triggerFunctions),
  };
}

function withMovedType(schema: Schema, { from, to }: NewName): Schema {
  const name = (type: ColumnType): ColumnType =>
    type.name === from ? { ...type, name: to } : type;
  const tables = [...schema.tables].map(([table, known]) => {
    if (![...known.columns.values()].some(({ type }) => type.name === from))
      return [table, known] as const;
    const columns = [...known.columns].map(
      ([column, { type, ...rest }]) => [column, { ...rest, type: name(type) }] as const,
    );
    return [table, { ...known, columns: new Map(columns) }] as const;
  });
  const domains = [...renamedKey(schema.domains, from, to)].map(
    ([domain, { base, ...rest }]) => [domain, { ...rest, base: name(base) }] as const,
  );
  const functions = [...schema.functions].map(
    ([each, types]) => [each, types.map((type) => (type === from ? to : type))] as const,
  );
  return {
    ...schema,
    tables: new Map(tables),
    functions: new Map(functions),
    domains: new Map(domains),
    enums: renamedKey(schema.enums, from, to),
  };
}

function renamedKey<V>(
  map: ReadonlyMap<string, V>,
  from: string,
  to: string,
): ReadonlyMap<string, V> {
  const value = map.get(from);
  return value === undefined ? map : without(map, from).set(to, value);
}
