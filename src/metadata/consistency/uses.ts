import type { MetadataDocument } from "../document/metadata-document.ts";
import type { FilePlace } from "../document/source-text.ts";
import type { MetadataProblem } from "../problem.ts";
import type { JsonMap } from "../document/json.ts";
import type { JsonPath } from "../document/places.ts";
import { checkConsistency, inconsistenciesOf } from "./check-consistency.ts";
import type { Inconsistency } from "./finding.ts";
import type { DatabaseSchema, Relation } from "./schema.ts";

/** The object to look for. Names of tables and functions have their schema: `public.users`. */
export type UsedObject =
  { readonly table: string; readonly column?: string } | { readonly function: string };

/**
 * The places of the metadata that use a table, one of its columns, or a function: those that are inconsistent in a database that lacks
 * only this object.
 */
export function placesThatUse(
  document: MetadataDocument,
  sourceName: string,
  object: UsedObject,
): readonly FilePlace[] {
  const keyOf = ({ place, message }: MetadataProblem) => JSON.stringify([place, message]);
  const before = new Set(
    (checkConsistency(document, sourceName, databaseWithout()) ?? []).map(keyOf),
  );
  return (checkConsistency(document, sourceName, databaseWithout(object)) ?? []).flatMap(
    (problem) => (problem.place === undefined || before.has(keyOf(problem)) ? [] : [problem.place]),
  );
}

/** The paths of the values of a document of version 3 that use a table, one of its columns, or a function. */
export function pathsThatUse(
  value: JsonMap,
  sourceName: string,
  object: UsedObject,
): readonly JsonPath[] {
  const found = (schema: DatabaseSchema): readonly Inconsistency[] =>
    inconsistenciesOf({ value, configVersion: 3 }, sourceName, schema) ?? [];
  const keyOf = ({ path, message }: Inconsistency): string => JSON.stringify([path, message]);
  const before = new Set(found(databaseWithout()).map(keyOf));
  return found(databaseWithout(object))
    .filter((each) => !before.has(keyOf(each)))
    .map(({ path }) => path);
}

/** A database in which every name exists but one. */
function databaseWithout(object: UsedObject = { function: "" }): DatabaseSchema {
  const relation: Relation = { columns: new AllNames(), foreignKeys: [] };
  if ("function" in object)
    return { relations: new AllRelations(relation), functions: new AllNames(object.function) };
  const { table, column } = object;
  const own = column === undefined ? undefined : { ...relation, columns: new AllNames(column) };
  return { relations: new AllRelations(relation, table, own), functions: new AllNames() };
}

/** The set of all names but one. */
class AllNames extends Set<string> {
  readonly #missing: string | undefined;

  constructor(missing?: string) {
    super();
    this.#missing = missing;
  }

  override has(name: string): boolean {
    return name !== this.#missing;
  }
}

/** The same relation for all names but one. */
class AllRelations extends Map<string, Relation> {
  readonly #relation: Relation;
  readonly #name: string | undefined;
  readonly #own: Relation | undefined;

  constructor(relation: Relation, name?: string, own?: Relation) {
    super();
    this.#relation = relation;
    this.#name = name;
    this.#own = own;
  }

  override has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  override get(name: string): Relation | undefined {
    return name === this.#name ? this.#own : this.#relation;
  }
}
