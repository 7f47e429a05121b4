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
} from "@pgsql/types";
import { columnType, serialTypes } from "./column-types.ts";
import { columnsIn, namedConstraint } from "./constraints.ts";
import { objectName, qualified, relationName, stringsOf } from "./names.ts";
import { relationKinds, afterMove, afterRename } from "./after-rename.ts";
import { type Schema, type Table, created, changed, without, schemaOf } from "./schema.ts";

/** The schema after a statement. Statements inside DO blocks and functions are ignored. */
export function afterStatement(schema: Schema, node: Node): Schema {
  if ("CreateStmt" in node) return afterCreate(schema, node.CreateStmt);
  if ("CreateForeignTableStmt" in node)
    return afterCreate(schema, node.CreateForeignTableStmt.base ?? {});
  if ("AlterTableStmt" in node) return afterAlter(schema, node.AlterTableStmt);
  if ("DropStmt" in node) return afterDrop(schema, node.DropStmt);
  if ("RenameStmt" in node) return afterMove(schema, node) ?? afterRename(schema, node.RenameStmt);
  if ("AlterObjectSchemaStmt" in node) return afterMove(schema, node) ?? schema;
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
