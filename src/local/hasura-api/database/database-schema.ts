import type { Json } from "../../../metadata/document/json.ts";

/** What metadata can refer to in a database of a source. Tables and functions by their name with its schema: `public.users`. */
export interface DatabaseSchema {
  readonly relations: ReadonlyMap<string, Relation>;
  /** All functions of a name. */
  readonly functions: ReadonlyMap<string, readonly DatabaseFunction[]>;
  /** The names of all types that are not tables. */
  readonly scalars: ReadonlySet<string>;
  /** Native queries of the metadata that the database cannot prepare, by name, with why; absent if none was checked. */
  readonly invalidQueries?: ReadonlyMap<string, Json>;
}

/** A table or view. */
export interface Relation {
  readonly name: string;
  readonly oid: string;
  readonly columns: ReadonlyMap<string, Column>;
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  /** The values in the primary key of a table that the metadata uses as an enum; absent for others. */
  readonly enumValues?: readonly string[];
}

export interface Column {
  readonly name: string;
  /** Stays the same when the column is renamed. */
  readonly position: number;
  readonly type: string;
  /** False if PostgreSQL computes the value. */
  readonly isWritable: boolean;
  /** The tracked table that lists its values, which have their own type in Hasura. */
  readonly enum?: EnumReference;
}

export interface EnumReference {
  /** The name of the type: the table's custom name, or its own. */
  readonly type: string;
  /** As the server's messages name the table: `public_moods` of another schema than `public`. */
  readonly table: string;
  /** Undefined for a table whose rows were not read. */
  readonly values: readonly string[] | undefined;
}

export interface ForeignKey {
  readonly name: string;
  readonly oid: string;
  readonly columns: readonly string[];
  /** The table that it refers to. */
  readonly table: string;
  readonly theirColumns: readonly string[];
}

export interface DatabaseFunction {
  readonly oid: string;
  readonly isVolatile: boolean;
  readonly isVariadic: boolean;
  readonly returns: FunctionType;
  /** True if the result has the type of a table. */
  readonly returnsTable: boolean;
  readonly parameters: readonly FunctionType[];
  /** Empty for a parameter without a name. */
  readonly parameterNames: readonly string[];
}

export interface FunctionType {
  readonly schema: string;
  readonly name: string;
  /** As in `pg_type.typtype`: `c` for a composite type, `b` for a base type. */
  readonly kind: string;
}
