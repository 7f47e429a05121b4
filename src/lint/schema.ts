import type {
  AlterTableCmd,
  ColumnDef,
  Constraint,
  CreateStmt,
  CreateTableAsStmt,
  DropStmt,
  IndexStmt,
  Node,
  RenameStmt,
} from "@pgsql/types";
import { columnType, serialTypes, type ColumnType } from "./column-types.ts";
import { nodesIn, objectName, qualified, relationName, stringsOf } from "./names.ts";

/** The database as created by the statements so far: enough to tell what the next one does to existing tables. */
export interface Schema {
  readonly tables: ReadonlyMap<string, Table>;
  /** Index → its table. */
  readonly indexes: ReadonlyMap<string, string>;
  /** Functions that are declared STABLE or IMMUTABLE. */
  readonly stableFunctions: ReadonlySet<string>;
  /** Domains with a constraint: a new column of such a type is checked row by row. */
  readonly checkedDomains: ReadonlySet<string>;
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
  /** The number of the run that created it. */
  readonly run: number;
}

export interface Column {
  readonly type: ColumnType;
  readonly isNotNull: boolean;
}

export interface KnownConstraint {
  /** The table that a foreign key refers to. */
  readonly target?: string;
  /** The columns that a CHECK or a foreign key is about. */
  readonly columns?: readonly string[];
  /** The column that a CHECK (column IS NOT NULL) is about. */
  readonly notNull?: string;
  readonly isValid: boolean;
}

export const emptySchema: Schema = {
  tables: new Map(),
  indexes: new Map(),
  stableFunctions: new Set(),
  checkedDomains: new Set(),
  enums: new Map(),
  run: 0,
};

/** The schema at the beginning of a run: everything in it exists, and is used. */
export function startRun(schema: Schema): Schema {
  return { ...schema, run: schema.run + 1 };
}

/** True for a relation that the current run has created: its locks block nobody. */
export function isNewRelation(schema: Schema, name: string): boolean {
  return schema.tables.get(name)?.run === schema.run;
}

/** The schema after a statement. Statements inside DO blocks and functions are ignored. */
export function afterStatement(schema: Schema, node: Node): Schema {
  if ("CreateStmt" in node) return afterCreate(schema, node.CreateStmt);
  if ("AlterTableStmt" in node) return afterAlter(schema, node.AlterTableStmt);
  if ("DropStmt" in node) return afterDrop(schema, node.DropStmt);
  if ("RenameStmt" in node) return afterRename(schema, node.RenameStmt);
  if ("AlterObjectSchemaStmt" in node) {
    const { relation, newschema = "" } = node.AlterObjectSchemaStmt;
    if (relation === undefined) return schema;
    return moved(schema, relationName(relation), qualified([newschema, relation.relname ?? ""]));
  }
  if ("IndexStmt" in node) return afterIndex(schema, node.IndexStmt);
  return afterQuery(schema, node);
}

function afterIndex(schema: Schema, { idxname, relation }: IndexStmt): Schema {
  if (idxname === undefined || relation === undefined) return schema;
  const { schemaname } = relation;
  const name = qualified([...(schemaname === undefined ? [] : [schemaname]), idxname]);
  return { ...schema, indexes: new Map(schema.indexes).set(name, relationName(relation)) };
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
  if ("CreateFunctionStmt" in node) {
    const { funcname, options = [] } = node.CreateFunctionStmt;
    const isStable = options.some(
      (option) =>
        "DefElem" in option &&
        option.DefElem.defname === "volatility" &&
        ["stable", "immutable"].includes(objectName(option.DefElem.arg)),
    );
    if (!isStable) return schema;
    const name = qualified(stringsOf(funcname));
    return { ...schema, stableFunctions: new Set(schema.stableFunctions).add(name) };
  }
  if ("CreateDomainStmt" in node) {
    const { domainname, constraints = [] } = node.CreateDomainStmt;
    const isChecked = constraints.some(
      (each) =>
        "Constraint" in each &&
        ["CONSTR_CHECK", "CONSTR_NOTNULL"].includes(each.Constraint.contype ?? ""),
    );
    const name = qualified(stringsOf(domainname));
    if (isChecked) return { ...schema, checkedDomains: new Set(schema.checkedDomains).add(name) };
  }
  return schema;
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
  const { relation, tableElts = [], inhRelations = [], if_not_exists: isOptional } = statement;
  if (relation === undefined) return schema;
  const name = relationName(relation);
  if (isOptional && schema.tables.has(name)) return schema;
  const [parent] = inhRelations.flatMap((each) => ("RangeVar" in each ? [each.RangeVar] : []));
  let next = created(schema, name, parent ? { parent: relationName(parent) } : {});
  for (const element of tableElts) {
    if ("ColumnDef" in element) next = withColumn(next, name, element.ColumnDef);
    if ("Constraint" in element) next = withConstraint(next, name, element.Constraint);
  }
  return next;
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
    columns: new Map(known.columns).set(colname, { type, isNotNull }),
  }));
  for (const constraint of own) next = withConstraint(next, table, constraint, colname);
  return next;
}

/** Remembers foreign keys, and checks that a column is not null; `column`: that of a constraint that is written behind one. */
function withConstraint(
  schema: Schema,
  table: string,
  constraint: Constraint,
  column?: string,
): Schema {
  const { contype, pktable, fk_attrs: keys, raw_expr: expression, conname } = constraint;
  const isValid = constraint.skip_validation !== true;
  const keep = (name: string, known: KnownConstraint): Schema =>
    changed(schema, table, (present) => ({
      ...present,
      constraints: new Map(present.constraints).set(conname ?? name, known),
    }));
  const base = table.split(".").at(-1) ?? table;
  if (contype === "CONSTR_FOREIGN" && pktable !== undefined) {
    const columns = column === undefined ? stringsOf(keys) : [column];
    const name = [base, ...columns, "fkey"].join("_");
    return keep(name, { target: relationName(pktable), columns, isValid });
  }
  if (contype === "CONSTR_CHECK") {
    const notNull = notNullColumn(expression);
    return keep(`${base}_${column ?? notNull ?? ""}_check`, {
      isValid,
      columns: columnsIn(expression),
      ...(notNull !== undefined && { notNull }),
    });
  }
  if (contype === "CONSTR_PRIMARY")
    return stringsOf(constraint.keys).reduce((next, key) => withNotNull(next, table, key), schema);
  return schema;
}

function columnsIn(expression: unknown): string[] {
  return [...nodesIn(expression)].flatMap(({ ColumnRef: column }) =>
    [...nodesIn(column)].flatMap(({ sval }) => (typeof sval === "string" ? [sval] : [])),
  );
}

function notNullColumn(expression: Node | undefined): string | undefined {
  if (expression === undefined || !("NullTest" in expression)) return undefined;
  const { arg, nulltesttype } = expression.NullTest;
  if (nulltesttype !== "IS_NOT_NULL" || arg === undefined || !("ColumnRef" in arg))
    return undefined;
  return stringsOf(arg.ColumnRef.fields).at(-1);
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
    case "AT_ValidateConstraint":
      return {
        constraints: new Map(constraints).set(name, { ...constraints.get(name), isValid: true }),
      };
    case "AT_DropColumn":
      return { columns: without(columns, name) };
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
      type,
    }),
  }));
}

function afterPartition(schema: Schema, table: string, { subtype, def }: AlterTableCmd): Schema {
  if (def === undefined || !("PartitionCmd" in def) || !def.PartitionCmd.name) return schema;
  return changed(schema, relationName(def.PartitionCmd.name), ({ parent, ...child }) =>
    subtype === "AT_AttachPartition"
      ? { ...child, parent: table }
      : { ...child, ...(parent !== undefined && parent !== table && { parent }) },
  );
}

function without<V>(map: ReadonlyMap<string, V>, ...keys: readonly string[]): Map<string, V> {
  const next = new Map(map);
  for (const key of keys) next.delete(key);
  return next;
}

function afterDrop(schema: Schema, { objects = [], removeType }: DropStmt): Schema {
  const names = objects.map(objectName);
  switch (removeType) {
    case "OBJECT_TABLE":
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
      return { ...schema, tables: without(schema.tables, ...names) };
    case "OBJECT_INDEX":
      return { ...schema, indexes: without(schema.indexes, ...names) };
    case "OBJECT_TYPE":
      return { ...schema, enums: without(schema.enums, ...names) };
    default:
      return schema;
  }
}

function afterRename(schema: Schema, statement: RenameStmt): Schema {
  const { relation, renameType, subname = "", newname = "" } = statement;
  if (relation === undefined) return schema;
  const table = relationName(relation);
  switch (renameType) {
    case "OBJECT_TABLE":
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
      return moved(schema, table, qualified([...table.split(".").slice(0, -1), newname]));
    case "OBJECT_COLUMN":
      return changed(schema, table, (known) => {
        const column = known.columns.get(subname);
        if (column === undefined) return known;
        return { ...known, columns: without(known.columns, subname).set(newname, column) };
      });
    case "OBJECT_TABCONSTRAINT":
      return changed(schema, table, (known) => {
        const constraint = known.constraints.get(subname);
        if (constraint === undefined) return known;
        const constraints = without(known.constraints, subname).set(newname, constraint);
        return { ...known, constraints };
      });
    case "OBJECT_INDEX": {
      const of = schema.indexes.get(table);
      if (of === undefined) return schema;
      const renamed = qualified([...table.split(".").slice(0, -1), newname]);
      return { ...schema, indexes: without(schema.indexes, table).set(renamed, of) };
    }
    default:
      return schema;
  }
}

function moved(schema: Schema, from: string, to: string): Schema {
  const table = schema.tables.get(from);
  if (table === undefined) return schema;
  const indexes = [...schema.indexes].map(([index, of]) => [index, of === from ? to : of] as const);
  return {
    ...schema,
    tables: without(schema.tables, from).set(to, table),
    indexes: new Map(indexes),
  };
}
