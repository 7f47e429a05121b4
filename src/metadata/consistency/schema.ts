/** What metadata can refer to in a database. Names of tables and functions have their schema: `public.users`. */
export interface DatabaseSchema {
  readonly relations: ReadonlyMap<string, Relation>;
  readonly functions: ReadonlySet<string>;
}

/** A table or view. */
export interface Relation {
  readonly columns: ReadonlySet<string>;
  readonly foreignKeys: readonly ForeignKey[];
}

export interface ForeignKey {
  readonly columns: readonly string[];
  /** The table that it refers to. */
  readonly table: string;
}

/** A foreign key with the table that has it. */
export interface KnownKey extends ForeignKey {
  readonly owner: string;
}
