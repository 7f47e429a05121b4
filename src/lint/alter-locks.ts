import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint, Node } from "@pgsql/types";
import {
  columnType,
  serialTypes,
  typeChange,
  type ColumnType,
  type TypeChange,
} from "./column-types.ts";
import { foreignTables, type LockEffect, type LockMode, type StatementLock } from "./lock.ts";
import { relationName } from "./names.ts";
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
  AT_DropColumn: "data-loss",
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
      return exclusive(typeEffect(command, table, schema));
    case "AT_AddConstraint":
      return "Constraint" in def ? constraintLocks(def.Constraint, table) : [];
    case "AT_SetNotNull":
      return exclusive(notNullEffect(schema, table, name));
    case "AT_DropConstraint":
      return [...exclusive("catalog"), ...foreignTables(schema, table, name)];
    case "AT_AttachPartition":
    case "AT_DetachPartition":
      return partitionLocks(command, table);
    default:
      return [{ table, ...plainLock(subtype) }];
  }
}

function plainLock(subtype: Subtype): Omit<StatementLock, "table"> {
  return { mode: weaker[subtype] ?? "ACCESS EXCLUSIVE", effect: effects[subtype] ?? "catalog" };
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
  if (schema.checkedDomains.has(type.name))
    return `the domain ${type.name} has a constraint, which is checked in each row`;
  return undefined;
}

/** A default that is not NULL. */
export function hasDefault({ constraints = [] }: ColumnDef): boolean {
  return constraints.some(
    (node) =>
      "Constraint" in node &&
      node.Constraint.contype === "CONSTR_DEFAULT" &&
      !isNull(node.Constraint.raw_expr),
  );
}

function isNull(node: Node | undefined): boolean {
  return node !== undefined && "A_Const" in node && node.A_Const.isnull === true;
}

function addedColumnLocks(command: AlterTableCmd, table: string, schema: Schema): StatementLock[] {
  const { def } = command;
  if (def === undefined || !("ColumnDef" in def)) return [];
  const column = def.ColumnDef;
  const effect = rewriteReason(column, schema) === undefined ? "catalog" : "rewrite";
  const own = (column.constraints ?? []).flatMap((node) =>
    "Constraint" in node ? [node.Constraint] : [],
  );
  return [
    { table, mode: "ACCESS EXCLUSIVE", effect },
    ...own.flatMap((constraint) => {
      const locks = constraintLocks(constraint, table);
      // A new column without a default has nothing that could violate its foreign key.
      return constraint.contype === "CONSTR_FOREIGN" && !hasDefault(column)
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

/** Constraints on the column are added again, and checked, even where the rows are kept. */
function typeEffect(command: AlterTableCmd, table: string, schema: Schema): LockEffect {
  if (typeChangeOf(command, table, schema) !== "kept") return "rewrite";
  const { name = "" } = command;
  const constraints = [...(schema.tables.get(table)?.constraints.values() ?? [])];
  return constraints.some(({ columns = [] }) => columns.includes(name)) ? "scan" : "catalog";
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

/** Most columns that become text were varchar. */
function changeFromUnknown({ name, modifiers }: ColumnType): TypeChange {
  return name === "text" || (name === "varchar" && modifiers.length === 0)
    ? "unknown"
    : "rewritten";
}

function knownChange(from: ColumnType, to: ColumnType, schema: Schema): TypeChange {
  const isOther = from.name !== to.name && isEnum(schema, from.name, to.name);
  return isOther ? "rewritten" : typeChange(from, to);
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
    ({ notNull, isValid }) => notNull === column && isValid,
  );
}

function partitionLocks({ subtype, def }: AlterTableCmd, table: string): StatementLock[] {
  if (def === undefined || !("PartitionCmd" in def)) return [];
  const { name, concurrent } = def.PartitionCmd;
  const child = name === undefined ? "" : relationName(name);
  if (subtype === "AT_AttachPartition")
    return [
      { table, mode: "SHARE UPDATE EXCLUSIVE", effect: "catalog" },
      { table: child, mode: "ACCESS EXCLUSIVE", effect: "scan" },
    ];
  const mode = concurrent ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
  return [
    { table, mode, effect: "catalog" },
    { table: child, mode, effect: "catalog" },
  ];
}
