import type {
  AlterTableCmd,
  ColumnDef,
  Constraint,
  CreateDomainStmt,
  CreateFunctionStmt,
  CreateStmt,
  CreateTableAsStmt,
  DropStmt,
  IndexStmt,
  Node,
  PartitionBoundSpec,
  RenameStmt,
} from "@pgsql/types";
import { columnType, serialTypes, type ColumnType } from "./column-types.ts";
import {
  columnsIn,
  namedConstraint,
  withRenamedColumn,
  type KnownConstraint,
} from "./constraints.ts";
import { objectName, qualified, relationName, stringsOf, temporarySchema } from "./names.ts";

/** The database as created by the statements so far: enough to tell what the next one does to existing tables. */
export interface Schema {
  readonly tables: ReadonlyMap<string, Table>;
  readonly indexes: ReadonlyMap<string, Index>;
  /** Functions that are declared STABLE or IMMUTABLE. */
  readonly stableFunctions: ReadonlySet<string>;
  /** Function or procedure → the types of the parameters of all that have the name. */
  readonly functions: ReadonlyMap<string, readonly string[]>;
  /** Functions that return `trigger`, which only triggers can call. */
  readonly triggerFunctions: ReadonlySet<string>;
  readonly domains: ReadonlyMap<string, Domain>;
  /** Enum type → the number of the run that created it. */
  readonly enums: ReadonlyMap<string, number>;
  /** The number of the current run; what it creates is new, and nobody else uses it. */
  readonly run: number;
}

/** A table, or another relation of the same kind of name. */
export interface Table {
  readonly kind: "table" | "view" | "materialized-view";
  readonly columns: ReadonlyMap<string, Column>;
  readonly constraints: ReadonlyMap<string, KnownConstraint>;
  /** The table that it is a partition or a child of. */
  readonly parent?: string;
  readonly isPartition?: true;
  readonly defaultPartition?: string;
  /** The number of the run that created it. */
  readonly run: number;
}

export interface Column {
  readonly type: ColumnType;
  readonly isNotNull: boolean;
  /** The number of the run that added it. */
  readonly run: number;
}

/** An index that does not belong to a constraint. */
export interface Index {
  readonly table: string;
  readonly columns: readonly string[];
  /** False for an index with an expression or WHERE: it is built again after every change of a column's type. */
  readonly isPlain: boolean;
}

export interface Domain {
  /** The type that its values are stored as; not a domain. */
  readonly base: ColumnType;
  /** True if the domain has a constraint: a new column of this type is checked row by row. */
  readonly isChecked: boolean;
}

export const emptySchema: Schema = {
  tables: new Map(),
  indexes: new Map(),
  stableFunctions: new Set(),
  functions: new Map(),
  triggerFunctions: new Set(),
  domains: new Map(),
  enums: new Map(),
  run: 0,
};

/** The schema at the beginning of a run: everything in it exists, and is used. */
export function startRun(schema: Schema): Schema {
  return { ...schema, run: schema.run + 1 };
}

/** True for a relation that the current run has created, and for temporary ones: its locks block nobody. */
export function isNewRelation(schema: Schema, name: string): boolean {
  if (name.startsWith(`${temporarySchema}.`)) return true;
  return schema.tables.get(name)?.run === schema.run;
}

/** True for a column that the current run has added, so that nothing else uses it yet. */
export function isNewColumn(schema: Schema, table: string, column: string): boolean {
  return schema.tables.get(table)?.columns.get(column)?.run === schema.run;
}

/** The schema after a statement. Statements inside DO blocks and functions are ignored. */
export function afterStatement(schema: Schema, node: Node): Schema {
  if ("CreateStmt" in node) return afterCreate(schema, node.CreateStmt);
  if ("CreateForeignTableStmt" in node)
    return afterCreate(schema, node.CreateForeignTableStmt.base ?? {});
  if ("AlterTableStmt" in node) return afterAlter(schema, node.AlterTableStmt);
  if ("DropStmt" in node) return afterDrop(schema, node.DropStmt);
  if ("RenameStmt" in node) return afterRename(schema, node.RenameStmt);
  if ("AlterObjectSchemaStmt" in node) {
    const names = newName(node);
    if (names !== undefined) return moved(schema, names);
    const movedType = newTypeName(node);
    if (movedType !== undefined) return withMovedType(schema, movedType);
    const movedFunction = newFunctionName(node);
    return movedFunction === undefined ? schema : withMovedFunction(schema, movedFunction);
  }
  if ("IndexStmt" in node) return afterIndex(schema, node.IndexStmt);
  return afterQuery(schema, node);
}

function afterIndex(schema: Schema, { idxname, relation, ...parts }: IndexStmt): Schema {
  if (idxname === undefined || relation === undefined) return schema;
  const { schemaname } = relation;
  const name = qualified([...(schemaname === undefined ? [] : [schemaname]), idxname]);
  const columns = columnsIn([parts.indexParams, parts.indexIncludingParams, parts.whereClause]);
  const isPlain = isPlainIndex(parts);
  const index = { table: relationName(relation), columns, isPlain };
  return { ...schema, indexes: new Map(schema.indexes).set(name, index) };
}

function isPlainIndex({ indexParams = [], whereClause }: Partial<IndexStmt>): boolean {
  const hasExpression = indexParams.some(
    (each) => "IndexElem" in each && each.IndexElem.expr !== undefined,
  );
  return whereClause === undefined && !hasExpression;
}

/** Relations that are created from a query. */
function afterQuery(schema: Schema, node: Node): Schema {
  if ("CreateTableAsStmt" in node) return afterTableAs(schema, node.CreateTableAsStmt);
  if ("ViewStmt" in node && node.ViewStmt.view !== undefined) {
    const name = relationName(node.ViewStmt.view);
    return schema.tables.has(name) ? schema : created(schema, name, { kind: "view" });
  }
  if ("SelectStmt" in node && node.SelectStmt.intoClause?.rel !== undefined)
    return created(schema, relationName(node.SelectStmt.intoClause.rel), { kind: "table" });
  return afterDeclaration(schema, node);
}

function afterTableAs(schema: Schema, statement: CreateTableAsStmt): Schema {
  const { into, objtype, if_not_exists: isOptional } = statement;
  if (into?.rel === undefined) return schema;
  const name = relationName(into.rel);
  if (isOptional && schema.tables.has(name)) return schema;
  return created(schema, name, {
    kind: objtype === "OBJECT_MATVIEW" ? "materialized-view" : "table",
  });
}

function afterDeclaration(schema: Schema, node: Node): Schema {
  if ("CreateEnumStmt" in node) {
    const name = qualified(stringsOf(node.CreateEnumStmt.typeName));
    return { ...schema, enums: new Map(schema.enums).set(name, schema.run) };
  }
  if ("CreateFunctionStmt" in node) return afterFunction(schema, node.CreateFunctionStmt);
  if ("CreateDomainStmt" in node) return afterDomain(schema, node.CreateDomainStmt);
  if ("AlterDomainStmt" in node) {
    const { typeName, def } = node.AlterDomainStmt;
    const name = qualified(stringsOf(typeName));
    const domain = schema.domains.get(name);
    if (domain === undefined || def === undefined || !("Constraint" in def)) return schema;
    return {
      ...schema,
      domains: new Map(schema.domains).set(name, { ...domain, isChecked: true }),
    };
  }
  return schema;
}

function afterFunction(
  schema: Schema,
  { funcname, returnType, parameters = [], options = [] }: CreateFunctionStmt,
): Schema {
  const name = qualified(stringsOf(funcname));
  const types = parameters.flatMap((each) =>
    "FunctionParameter" in each ? [columnType(each.FunctionParameter.argType).name] : [],
  );
  const isStable = options.some(
    (option) =>
      "DefElem" in option &&
      option.DefElem.defname === "volatility" &&
      ["stable", "immutable"].includes(objectName(option.DefElem.arg)),
  );
  const isTrigger = columnType(returnType).name === "trigger";
  return {
    ...schema,
    functions: new Map(schema.functions).set(name, [
      ...(schema.functions.get(name) ?? []),
      ...types,
    ]),
    stableFunctions: withMember(schema.stableFunctions, name, isStable),
    triggerFunctions: withMember(schema.triggerFunctions, name, isTrigger),
  };
}

/** The set with a name, or without it. */
function withMember(
  names: ReadonlySet<string>,
  name: string,
  isMember: boolean,
): ReadonlySet<string> {
  if (names.has(name) === isMember) return names;
  const next = new Set(names);
  if (isMember) next.add(name);
  else next.delete(name);
  return next;
}

function afterDomain(
  schema: Schema,
  { domainname, typeName, constraints = [] }: CreateDomainStmt,
): Schema {
  const type = columnType(typeName);
  const parent = schema.domains.get(type.name);
  const own = constraints.some(
    (each) =>
      "Constraint" in each &&
      ["CONSTR_CHECK", "CONSTR_NOTNULL"].includes(each.Constraint.contype ?? ""),
  );
  const domain = { base: parent?.base ?? type, isChecked: own || parent?.isChecked === true };
  const name = qualified(stringsOf(domainname));
  return { ...schema, domains: new Map(schema.domains).set(name, domain) };
}

function created(schema: Schema, name: string, table: Partial<Table>): Schema {
  const { run } = schema;
  const nothing = { columns: new Map(), constraints: new Map() };
  const known: Table = { kind: "table", ...nothing, run, ...table };
  return { ...schema, tables: new Map(schema.tables).set(name, known) };
}

function changed(schema: Schema, name: string, change: (table: Table) => Table): Schema {
  const table = schema.tables.get(name);
  if (table === undefined) return schema;
  return { ...schema, tables: new Map(schema.tables).set(name, change(table)) };
}

function afterCreate(schema: Schema, statement: CreateStmt): Schema {
  const { relation, tableElts = [], inhRelations = [], partbound } = statement;
  const { if_not_exists: isOptional } = statement;
  if (relation === undefined) return schema;
  const name = relationName(relation);
  if (isOptional && schema.tables.has(name)) return schema;
  // Alone, so that the other tables are copied only once.
  let own = created({ ...schema, tables: new Map() }, name, {});
  for (const element of tableElts) {
    if ("ColumnDef" in element) own = withColumn(own, name, element.ColumnDef);
    if ("Constraint" in element) own = withConstraint(own, name, element.Constraint);
  }
  const next = created(schema, name, own.tables.get(name) ?? {});
  const [parent] = inhRelations.flatMap((each) => ("RangeVar" in each ? [each.RangeVar] : []));
  if (!parent) return next;
  return withParent(next, { name, parent: relationName(parent), bound: partbound });
}

/** The schema, in which a table is a child of another one or, with a bound, a partition. */
function withParent(
  schema: Schema,
  table: {
    readonly name: string;
    readonly parent: string;
    readonly bound?: PartitionBoundSpec | undefined;
  },
): Schema {
  const { name, parent, bound } = table;
  const next = changed(schema, name, (child) => ({
    ...child,
    parent,
    ...(bound && { isPartition: true }),
  }));
  return bound?.is_default === true ? withDefault(next, parent, name) : next;
}

/** The schema, in which a table has a default partition. */
export function withDefault(schema: Schema, table: string, defaultPartition: string): Schema {
  return changed(schema, table, (known) => ({ ...known, defaultPartition }));
}

function withColumn(schema: Schema, table: string, definition: ColumnDef): Schema {
  const { colname = "", typeName, constraints = [] } = definition;
  const own = constraints.flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
  const type = columnType(typeName);
  const isNotNull =
    serialTypes.has(type.name) ||
    own.some(({ contype = "" }) =>
      ["CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"].includes(contype),
    );
  let next = changed(schema, table, (known) => ({
    ...known,
    columns: new Map(known.columns).set(colname, { type, isNotNull, run: schema.run }),
  }));
  for (const constraint of own) next = withConstraint(next, table, constraint, colname);
  return next;
}

/** `column`: for a column constraint, its column. */
function withConstraint(
  schema: Schema,
  table: string,
  constraint: Constraint,
  column?: string,
): Schema {
  const named = namedConstraint(constraint, table, column);
  if (named === undefined) return schema;
  const next = changed(schema, table, (present) => ({
    ...present,
    constraints: new Map(present.constraints).set(...named),
  }));
  if (constraint.contype !== "CONSTR_PRIMARY") return next;
  const [, { columns }] = named;
  return columns.reduce((last, key) => withNotNull(last, table, key), next);
}

function withNotNull(schema: Schema, table: string, column: string, isNotNull = true): Schema {
  return changed(schema, table, (known) => {
    const present = known.columns.get(column);
    if (present === undefined) return known;
    return { ...known, columns: new Map(known.columns).set(column, { ...present, isNotNull }) };
  });
}

function afterAlter(
  schema: Schema,
  { relation, cmds = [] }: { relation?: Parameters<typeof relationName>[0]; cmds?: Node[] },
): Schema {
  if (relation === undefined) return schema;
  const name = relationName(relation);
  return cmds.reduce(
    (next, node) => ("AlterTableCmd" in node ? afterCommand(next, name, node.AlterTableCmd) : next),
    schema,
  );
}

function afterCommand(schema: Schema, table: string, command: AlterTableCmd): Schema {
  const { subtype, name = "", def = { List: {} } } = command;
  switch (subtype) {
    case "AT_AddColumn":
    case "AT_AlterColumnType":
      return "ColumnDef" in def ? afterColumn(schema, table, command, def.ColumnDef) : schema;
    case "AT_AddConstraint":
      return "Constraint" in def ? withConstraint(schema, table, def.Constraint) : schema;
    case "AT_SetNotNull":
    case "AT_DropNotNull":
      return withNotNull(schema, table, name, subtype === "AT_SetNotNull");
    case "AT_AttachPartition":
    case "AT_DetachPartition":
      return afterPartition(schema, table, command);
    default:
      return changed(schema, table, (known) => ({ ...known, ...afterPart(known, command) }));
  }
}

/** Parts of ALTER TABLE that only need the name of a column or constraint. */
function afterPart({ columns, constraints }: Table, command: AlterTableCmd): Partial<Table> {
  const { subtype, name = "" } = command;
  switch (subtype) {
    case "AT_ValidateConstraint": {
      const known = constraints.get(name);
      if (known === undefined) return {};
      return { constraints: new Map(constraints).set(name, { ...known, isValid: true }) };
    }
    case "AT_DropColumn": {
      const kept = [...constraints].filter(([, each]) => !each.columns.includes(name));
      return { columns: without(columns, name), constraints: new Map(kept) };
    }
    case "AT_DropConstraint":
      return { constraints: without(constraints, name) };
    default:
      return {};
  }
}

function afterColumn(
  schema: Schema,
  table: string,
  { subtype, name = "", missing_ok: isOptional }: AlterTableCmd,
  definition: ColumnDef,
): Schema {
  if (subtype === "AT_AddColumn") {
    const isKnown = schema.tables.get(table)?.columns.has(definition.colname ?? "") === true;
    return isKnown && isOptional === true ? schema : withColumn(schema, table, definition);
  }
  const type = columnType(definition.typeName);
  return changed(schema, table, ({ columns, ...known }) => ({
    ...known,
    columns: new Map(columns).set(name, {
      isNotNull: columns.get(name)?.isNotNull ?? false,
      run: columns.get(name)?.run ?? 0,
      type,
    }),
  }));
}

function afterPartition(schema: Schema, table: string, { subtype, def }: AlterTableCmd): Schema {
  if (def === undefined || !("PartitionCmd" in def) || !def.PartitionCmd.name) return schema;
  const { bound } = def.PartitionCmd;
  const name = relationName(def.PartitionCmd.name);
  if (subtype === "AT_AttachPartition") return withParent(schema, { name, parent: table, bound });
  const next = changed(schema, name, ({ kind, columns, constraints, run, defaultPartition }) => ({
    ...{ kind, columns, constraints, run },
    ...(defaultPartition !== undefined && { defaultPartition }),
  }));
  return changed(next, table, (known) => withoutDefault(known, name));
}

/** The table, if its default partition is one of these without it. */
function withoutDefault(table: Table, ...partitions: readonly string[]): Table {
  const { defaultPartition, ...rest } = table;
  return defaultPartition !== undefined && partitions.includes(defaultPartition) ? rest : table;
}

function without<V>(map: ReadonlyMap<string, V>, ...keys: readonly string[]): Map<string, V> {
  const next = new Map(map);
  for (const key of keys) next.delete(key);
  return next;
}

const relationKinds: ReadonlySet<string> = new Set([
  ...["OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE"],
]);

function afterDrop(schema: Schema, { objects = [], removeType, behavior }: DropStmt): Schema {
  const names = objects.map(objectName);
  if (relationKinds.has(removeType ?? "")) return withoutTables(schema, names);
  switch (removeType) {
    case "OBJECT_INDEX":
      return { ...schema, indexes: without(schema.indexes, ...names) };
    case "OBJECT_TYPE":
      return { ...schema, enums: without(schema.enums, ...names) };
    case "OBJECT_FUNCTION":
    case "OBJECT_ROUTINE":
      return { ...schema, functions: without(schema.functions, ...names) };
    case "OBJECT_SCHEMA":
      return behavior === "DROP_CASCADE" ? names.reduce(withoutSchema, schema) : schema;
    case "OBJECT_DOMAIN":
      return { ...schema, domains: without(schema.domains, ...names) };
    default:
      return schema;
  }
}

function withoutTables(schema: Schema, names: readonly string[]): Schema {
  const tables = without(schema.tables, ...names);
  for (const [name, table] of tables)
    if (table.defaultPartition !== undefined) tables.set(name, withoutDefault(table, ...names));
  return { ...schema, tables };
}

function afterRename(schema: Schema, statement: RenameStmt): Schema {
  const { relation, renameType, subname = "", newname = "" } = statement;
  const movedFunction = newFunctionName({ RenameStmt: statement });
  if (movedFunction !== undefined) return withMovedFunction(schema, movedFunction);
  const movedType = newTypeName({ RenameStmt: statement });
  if (movedType !== undefined) return withMovedType(schema, movedType);
  if (renameType === "OBJECT_SCHEMA") return afterSchemaRename(schema, subname, newname);
  const names = newName({ RenameStmt: statement });
  if (names !== undefined) return moved(schema, names);
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
  const relations = inIt(schema.tables.keys()).reduce(moved, schema);
  const types = [...schema.enums.keys(), ...schema.domains.keys()];
  const next = inIt(types).reduce(withMovedType, relations);
  return inIt(schema.functions.keys()).reduce(withMovedFunction, next);
}

function withoutSchema(schema: Schema, dropped: string): Schema {
  const isKept = (name: string): boolean => schemaOf(name) !== dropped;
  const kept = <V>(map: ReadonlyMap<string, V>) =>
    new Map([...map].filter(([name]) => isKept(name)));
  const tables = [...schema.tables.keys()].filter((name) => !isKept(name));
  return {
    ...withoutTables(schema, tables),
    indexes: kept(schema.indexes),
    functions: kept(schema.functions),
    stableFunctions: new Set([...schema.stableFunctions].filter(isKept)),
    triggerFunctions: new Set([...schema.triggerFunctions].filter(isKept)),
    domains: kept(schema.domains),
    enums: kept(schema.enums),
  };
}

/** The schema of a name as findings write it. */
export function schemaOf(name: string): string {
  return name.includes(".") ? name.slice(0, name.indexOf(".")) : "public";
}

/** The name without its schema. */
export function lastPart(name: string): string {
  return name.slice(name.indexOf(".") + 1);
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

interface NewName {
  readonly from: string;
  readonly to: string;
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

function moved(schema: Schema, { from, to }: NewName): Schema {
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
