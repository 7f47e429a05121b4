import type { StatementImpact } from "../../protocol/impact.ts";
import type { Direction } from "../../protocol/migration.ts";

/** Facts about an existing table, from the database. */
export interface TableFacts {
  /** PostgreSQL's estimate, with partitions; absent if the table was never analysed. */
  readonly rows?: number;
  /** With indexes and partitions; absent if it is not known. */
  readonly bytes?: number;
  /** True only if it is certain that there is no row. */
  readonly isEmpty: boolean;
  /** CREATE TABLE with the columns, CHECK constraints and foreign keys; the table has the name that was asked for. */
  readonly definition: string;
  /** Of a partitioned table; it is looked up with it. */
  readonly defaultPartition?: string;
}

/**
 * Looks up tables, by names as `lint` writes them. A name without a table is not in the result; undefined if the lookup failed. With those
 * in `cascading`, also the tables whose rows TRUNCATE … CASCADE removes with theirs.
 */
export type ReadTables = (
  names: readonly string[],
  cascading: ReadonlySet<string>,
) => Promise<ReadonlyMap<string, TableFacts> | undefined>;

/** An object, other than a table, with which CASCADE drops data. A type can be a domain; the name is as `lint` writes it. */
export interface DroppedObject {
  readonly kind: "schema" | "type" | "extension" | "collation";
  readonly name: string;
}

/** Which of these objects exist, by their position in the list; undefined if the lookup failed. */
export type ReadObjects = (
  objects: readonly DroppedObject[],
) => Promise<ReadonlySet<number> | undefined>;

/** A domain or a function that a file uses and that the project does not define. */
export interface UsedName {
  readonly kind: "domain" | "function";
  /** As `lint` writes it. */
  readonly name: string;
  /** The names under which the database may have it; the first that exists counts. */
  readonly places: readonly string[];
}

/** CREATE statements of those that are domains, and of functions that are STABLE or IMMUTABLE; undefined if the lookup failed. */
export type ReadDefinitions = (
  names: readonly UsedName[],
) => Promise<readonly string[] | undefined>;

/** What a database is asked about the files of a plan. */
export interface ReadFacts {
  readonly tables: ReadTables;
  readonly objects: ReadObjects;
  readonly definitions: ReadDefinitions;
}

/** A file of a plan. */
export interface FileToAssess {
  readonly direction: Direction;
  readonly sql: () => Promise<string>;
}

/** A name that is gone after a file: of a table or view, of one of its columns, of a function, or of a schema with all in it. */
export interface RemovedName {
  readonly kind: "table" | "column" | "function" | "schema";
  /** The table, the function or the schema, such as `orders` or `shop.orders`. */
  readonly name: string;
  readonly column?: string;
}

export interface FileAssessment {
  /** What the file drops, renames, or moves to another schema; absent if it is nothing, or the file was not examined. */
  readonly removals?: readonly RemovedName[];
  /** Statements to show, in order. */
  readonly statements: readonly StatementImpact[];
  /** Why the file was not examined. */
  readonly notAssessed?: string;
  /**
   * True if a statement would be a risk if its table had not been created by this run, or had rows: the same may be a risk in a
   * later invocation of the run.
   */
  readonly isSensitive: boolean;
}

/** Examines the files of one database, in the order in which they run, for what they do to tables that exist. */
export type AssessFiles = (
  files: readonly FileToAssess[],
  read: ReadFacts,
) => Promise<readonly FileAssessment[]>;
