/** Anything in a database's schema that has a name, with its facts. */
export interface CatalogObject {
  /** As PostgreSQL calls it in lower case: `table`, `column`, `index`, `materialized view` … */
  readonly kind: string;
  /** Quoted where necessary, with its schema: `public.orders`, `public.orders.total`. Unique among those of its kind. */
  readonly name: string;
  /** `objectKey` of the object that it is dropped with: the table of an index, the column of a sequence. */
  readonly within?: string;
  /** Its other properties; a property with PostgreSQL's default is absent. */
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * The schema of a database at one moment: objects by their owner, such as a table with its columns and indexes. An owner that
 * has not changed between two moments has the same list in both.
 */
export type Catalog = ReadonlyMap<string, readonly CatalogObject[]>;

/** Identifies an object within one catalog. */
export function objectKey({ kind, name }: Pick<CatalogObject, "kind" | "name">): string {
  return `${kind} ${name}`;
}
