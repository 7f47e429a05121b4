import type {
  AlterTableCmd,
  AlterTableStmt,
  ColumnDef,
  Constraint,
  Node,
  PartitionCmd,
} from "@pgsql/types";
import {
  changeFromUnknown,
  columnType,
  serialTypes,
  typeChange,
  type ColumnType,
  type TypeChange,
} from "./column-types.ts";
import {
  foreignTables,
  linkedTables,
  type LockEffect,
  type LockMode,
  type StatementLock,
} from "./lock.ts";
import { relationName } from "./names.ts";
import { defaultPartitionLocks, withChildren } from "./partitions.ts";
import type { Schema } from "./schema.ts";
import { isVolatile } from "./volatility.ts";

/** The locks of ALTER TABLE: the strongest of its parts on the table, and on other tables those that foreign keys and partitions need. */
export function alterLocks(statement: AlterTableStmt, schema: Schema): StatementLock[] {
  const { relation, cmds = [] } = statement;
  if (relation === undefined) return [];
  const table = relationName(relation);
  return cmds.flatMap((node) =>
    "AlterTableCmd" in node ? commandLocks(node.AlterTableCmd, table, schema) : [],
  );
}

type Subtype = NonNullable<AlterTableCmd["subtype"]>;

const weaker: Partial<Record<Subtype, LockMode>> = {
  AT_SetStatistics: "SHARE UPDATE EXCLUSIVE",
  AT_SetOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ResetOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ClusterOn: "SHARE UPDATE EXCLUSIVE",
  AT_DropCluster: "SHARE UPDATE EXCLUSIVE",
  AT_SetRelOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ResetRelOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ValidateConstraint: "SHARE UPDATE EXCLUSIVE",
  AT_AttachPartition: "SHARE UPDATE EXCLUSIVE",
  AT_EnableTrig: "SHARE ROW EXCLUSIVE",
  AT_EnableAlwaysTrig: "SHARE ROW EXCLUSIVE",
  AT_EnableReplicaTrig: "SHARE ROW EXCLUSIVE",
  AT_EnableTrigAll: "SHARE ROW EXCLUSIVE",
  AT_EnableTrigUser: "SHARE ROW EXCLUSIVE",
  AT_DisableTrig: "SHARE ROW EXCLUSIVE",
  AT_DisableTrigAll: "SHARE ROW EXCLUSIVE",
  AT_DisableTrigUser: "SHARE ROW EXCLUSIVE",
};

/** What these parts do while they hold their lock; all others change only the catalog. */
const effects: Partial<Record<Subtype, LockEffect>> = {
  AT_ValidateConstraint: "scan",
  AT_SetLogged: "rewrite",
  AT_SetUnLogged: "rewrite",
  AT_SetAccessMethod: "rewrite",
  AT_SetTableSpace: "rewrite",
  AT_SetExpression: "rewrite",
};

function commandLocks(command: AlterTableCmd, table: string, schema: Schema): StatementLock[] {
  const { subtype = "AT_AddOf", name = "", def = { List: {} } } = command;
  const exclusive = (effect: LockEffect): StatementLock[] => [
    { table, mode: "ACCESS EXCLUSIVE", effect },
  ];
  switch (subtype) {
    case "AT_AddColumn":
      return addedColumnLocks(command, table, schema);
    case "AT_AlterColumnType":
      return typeLocks(command, table, schema);
    case "AT_DropColumn":
      return dropColumnLocks(command, table, schema);
    case "AT_AddConstraint":
      return "Constraint" in def ? constraintLocks(def.Constraint, table) : [];
    case "AT_SetNotNull":
      return exclusive(notNullEffect(schema, table, name));
    case "AT_DropConstraint":
      return [...exclusive("catalog"), ...foreignTables(schema, table, name)];
    default:
      return "PartitionCmd" in def
        ? partitionLocks(subtype, def.PartitionCmd, table, schema)
        : [{ table, ...plainLock(subtype, isValidated(schema, table, name)) }];
  }
}

function dropColumnLocks(
  { name = "", behavior }: AlterTableCmd,
  table: string,
  schema: Schema,
): StatementLock[] {
  const ends = behavior === "DROP_CASCADE" ? "both" : "own";
  const others = linkedTables(schema, table, name, ends);
  return [{ table, mode: "ACCESS EXCLUSIVE", effect: "data-loss" }, ...others];
}

/** `isValid`: the constraint that the part names is valid, so that it is not validated again. */
function plainLock(subtype: Subtype, isValid: boolean): Omit<StatementLock, "table"> {
  const effect = subtype === "AT_ValidateConstraint" && isValid ? "catalog" : effects[subtype];
  return { mode: weaker[subtype] ?? "ACCESS EXCLUSIVE", effect: effect ?? "catalog" };
}

function notNullEffect(schema: Schema, table: string, column: string): LockEffect {
  return notNullIsKnown(schema, table, column) ? "catalog" : "scan";
}

/** Why ADD COLUMN writes every row; undefined if it does not. */
export function rewriteReason(
  { typeName, constraints = [] }: ColumnDef,
  schema: Schema,
): string | undefined {
  const own = constraints.flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
  const type = columnType(typeName);
  if (serialTypes.has(type.name)) return `${type.name} numbers the existing rows`;
  if (own.some(({ contype }) => contype === "CONSTR_IDENTITY"))
    return "an identity column numbers the existing rows";
  // A virtual column is computed when it is read.
  if (own.some((each) => each.contype === "CONSTR_GENERATED" && each.generated_kind !== "v"))
    return "a stored generated column is computed for the existing rows";
  const fallback = own.find(({ contype }) => contype === "CONSTR_DEFAULT")?.raw_expr;
  if (fallback !== undefined && isVolatile(fallback, schema.stableFunctions))
    return "its default may differ from row to row";
  if (!type.isArray && schema.domains.get(type.name)?.isChecked === true)
    return `the domain ${type.name} has a constraint, which is checked in each row`;
  return undefined;
}

/** True for a column with DEFAULT, even DEFAULT NULL. */
export function isDefault({ contype }: Constraint): boolean {
  return contype === "CONSTR_DEFAULT";
}

/** True for a new column that is NOT NULL and has no value for the existing rows: adding it fails if there are any. */
export function lacksValue(column: ColumnDef, schema: Schema): boolean {
  const own = (column.constraints ?? []).flatMap((node) =>
    "Constraint" in node ? [node.Constraint] : [],
  );
  const types = own.map(({ contype }) => contype);
  const isNotNull = types.includes("CONSTR_NOTNULL") || types.includes("CONSTR_PRIMARY");
  const isFilled =
    own.some((each) => isDefault(each) && !isNull(each.raw_expr)) ||
    types.includes("CONSTR_IDENTITY") ||
    types.includes("CONSTR_GENERATED") ||
    rewriteReason({ ...column, constraints: [] }, schema) !== undefined;
  return isNotNull && !isFilled;
}

function isNull(node: Node | undefined): boolean {
  return node !== undefined && "A_Const" in node && node.A_Const.isnull === true;
}

function addedColumnLocks(command: AlterTableCmd, table: string, schema: Schema): StatementLock[] {
  const { def } = command;
  if (def === undefined || !("ColumnDef" in def)) return [];
  const column = def.ColumnDef;
  const effect =
    rewriteReason(column, schema) !== undefined
      ? "rewrite"
      : lacksValue(column, schema)
        ? "scan"
        : "catalog";
  const own = (column.constraints ?? []).flatMap((node) =>
    "Constraint" in node ? [node.Constraint] : [],
  );
  return [
    { table, mode: "ACCESS EXCLUSIVE", effect },
    ...own.flatMap((constraint) => {
      const locks = constraintLocks(constraint, table);
      // A column without any DEFAULT (DEFAULT NULL is one) is null in every row, so no row is checked.
      return constraint.contype === "CONSTR_FOREIGN" && !own.some(isDefault)
        ? locks.map((lock) => ({ ...lock, effect: "catalog" as const }))
        : locks;
    }),
  ];
}

/** The locks of a constraint that is added; of those that PostgreSQL keeps with the column none. */
export function constraintLocks(constraint: Constraint, table: string): StatementLock[] {
  const { contype, skip_validation: skips, indexname, pktable } = constraint;
  const effect = skips === true ? "catalog" : "scan";
  switch (contype) {
    case "CONSTR_CHECK":
      return [{ table, mode: "ACCESS EXCLUSIVE", effect }];
    case "CONSTR_UNIQUE":
    case "CONSTR_PRIMARY":
    case "CONSTR_EXCLUSION": {
      const builds = indexname === undefined;
      return [{ table, mode: "ACCESS EXCLUSIVE", effect: builds ? "scan" : "catalog" }];
    }
    case "CONSTR_FOREIGN": {
      if (pktable === undefined) return [];
      const lock = { mode: "SHARE ROW EXCLUSIVE", effect } as const;
      return [
        { table, ...lock },
        { table: relationName(pktable), ...lock },
      ];
    }
    default:
      return [];
  }
}

/** Foreign keys of the column are recreated, which also locks the table at their other end. */
function typeLocks(command: AlterTableCmd, table: string, schema: Schema): StatementLock[] {
  const { name = "" } = command;
  const change = typeChangeOf(command, table, schema);
  const isRead = readsForType(change, schema, table, name);
  const effect =
    change === "kept" || change === "reindexed" ? (isRead ? "scan" : "catalog") : "rewrite";
  const others = linkedTables(schema, table, name, "both").map((lock) =>
    change === "kept" ? lock : { ...lock, effect: "scan" as const },
  );
  return [{ table, mode: "ACCESS EXCLUSIVE", effect }, ...others];
}

/** True if a change of type that keeps the rows reads them, to check a CHECK again or to build an index. */
export function readsForType(
  change: TypeChange,
  schema: Schema,
  table: string,
  column: string,
): boolean {
  const constraints = [...(schema.tables.get(table)?.constraints.values() ?? [])];
  const isChecked = constraints.some(
    ({ kind, columns, isValid }) => kind === "check" && isValid && columns.includes(column),
  );
  if (isChecked) return true;
  const isReindexed = change === "reindexed";
  const hasKey = constraints.some(
    ({ kind, columns }) =>
      (kind === "primary-key" || kind === "unique") && columns.includes(column),
  );
  return (
    (isReindexed && hasKey) ||
    [...schema.indexes.values()].some(
      (index) =>
        index.table === table && index.columns.includes(column) && (isReindexed || !index.isPlain),
    )
  );
}

/** What a change of type does to the rows. A USING that is more than the column itself computes each row. */
export function typeChangeOf(command: AlterTableCmd, table: string, schema: Schema): TypeChange {
  const { name = "", def } = command;
  if (def === undefined || !("ColumnDef" in def)) return "unknown";
  const to = columnType(def.ColumnDef.typeName);
  const from = schema.tables.get(table)?.columns.get(name)?.type;
  const using = def.ColumnDef.raw_default;
  if (using !== undefined && !isColumn(using, name, to.name)) return "rewritten";
  return from === undefined ? changeFromUnknown(to) : knownChange(from, to, schema);
}

function knownChange(from: ColumnType, to: ColumnType, schema: Schema): TypeChange {
  if (from.name === to.name) return typeChange(from, to);
  if (isEnum(schema, from.name, to.name)) return "rewritten";
  const [before, after] = [schema.domains.get(from.name), schema.domains.get(to.name)];
  const isArrayOfDomain = (before ?? after) !== undefined && (from.isArray || to.isArray);
  if (after?.isChecked === true || isArrayOfDomain) return "rewritten";
  // A value of a domain no longer has the limit of its type.
  return typeChange(before ? { ...before.base, modifiers: [] } : from, after?.base ?? to);
}

function isEnum({ enums }: Schema, ...types: readonly string[]): boolean {
  return types.some((type) => enums.has(type));
}

/** `USING column`, or `USING column::type`. */
function isColumn(using: Node, name: string, type: string): boolean {
  if ("TypeCast" in using) {
    const { arg, typeName } = using.TypeCast;
    return arg !== undefined && columnType(typeName).name === type && isColumn(arg, name, type);
  }
  if (!("ColumnRef" in using)) return false;
  const last = using.ColumnRef.fields?.at(-1);
  return last !== undefined && "String" in last && last.String.sval === name;
}

/** True if PostgreSQL needs no scan, because a valid CHECK ensures NOT NULL or the column is already NOT NULL. */
export function notNullIsKnown(schema: Schema, table: string, column: string): boolean {
  const known = schema.tables.get(table);
  if (known?.columns.get(column)?.isNotNull === true) return true;
  return [...(known?.constraints.values() ?? [])].some(
    ({ notNull, isValid }) => notNull.includes(column) && isValid,
  );
}

/** True if the constraint is known to be valid, so that VALIDATE CONSTRAINT reads nothing. */
export function isValidated(schema: Schema, table: string, constraint: string): boolean {
  return schema.tables.get(table)?.constraints.get(constraint)?.isValid === true;
}

function partitionLocks(
  subtype: Subtype,
  { name, concurrent }: PartitionCmd,
  table: string,
  schema: Schema,
): StatementLock[] {
  const child = name === undefined ? "" : relationName(name);
  if (subtype === "AT_AttachPartition")
    return [
      { table, mode: "SHARE UPDATE EXCLUSIVE", effect: "catalog" },
      ...withChildren(schema, { table: child, mode: "ACCESS EXCLUSIVE", effect: "scan" }),
      ...defaultPartitionLocks(schema, table, "scan"),
    ];
  const mode = concurrent ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
  return [
    { table, mode, effect: "catalog" },
    { table: child, mode, effect: "catalog" },
    ...defaultPartitionLocks(schema, table, "catalog"),
  ];
}
