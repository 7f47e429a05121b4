import type { ColumnType } from "./column-types.ts";
import type { KnownConstraint } from "./constraints.ts";
import { temporarySchema } from "./names.ts";

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

/** The schema with a relation of the current run. */
export function created(schema: Schema, name: string, table: Partial<Table>): Schema {
  const { run } = schema;
  const nothing = { columns: new Map(), constraints: new Map() };
  const known: Table = { kind: "table", ...nothing, run, ...table };
  return { ...schema, tables: new Map(schema.tables).set(name, known) };
}

/** The schema with a change of a table, if it is known. */
export function changed(schema: Schema, name: string, change: (table: Table) => Table): Schema {
  const table = schema.tables.get(name);
  if (table === undefined) return schema;
  return { ...schema, tables: new Map(schema.tables).set(name, change(table)) };
}

/** The map without these keys. */
export function without<V>(
  map: ReadonlyMap<string, V>,
  ...keys: readonly string[]
): Map<string, V> {
  const next = new Map(map);
  for (const key of keys) next.delete(key);
  return next;
}

/** The schema of a name as findings write it. */
export function schemaOf(name: string): string {
  return name.includes(".") ? name.slice(0, name.indexOf(".")) : "public";
}

/** The name without its schema. */
export function lastPart(name: string): string {
  return name.slice(name.indexOf(".") + 1);
}
