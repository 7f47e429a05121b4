import type { MetadataDocument } from "../document/metadata-document.ts";
import type { FilePlace } from "../document/source-text.ts";
import type { MetadataProblem } from "../problem.ts";
import type { JsonMap } from "../document/json.ts";
import type { JsonPath } from "../document/places.ts";
import { checkConsistency, inconsistenciesOf, sourceIn } from "./check-consistency.ts";
import type { Inconsistency } from "./finding.ts";
import { namedKeys } from "./relationships.ts";
import type { DatabaseSchema, ForeignKey, KnownKey, Relation } from "./schema.ts";

/** The object to look for, or the schema of all that is looked for. Names of tables and functions have their schema: `public.users`. */
export type UsedObject =
  | { readonly table: string; readonly column?: string }
  | { readonly function: string }
  | { readonly schema: string };

/** A name as a statement has it. */
export interface NameInDatabase {
  readonly kind: "table" | "column" | "function" | "schema";
  /** Of the table, the function or the schema; without a schema it is in `public`. */
  readonly name: string;
  readonly column?: string;
}

/** The object that a name stands for. */
export function usedObject({ kind, name, column }: NameInDatabase): UsedObject {
  if (kind === "schema") return { schema: name };
  const qualified = withSchema(name);
  if (kind === "function") return { function: qualified };
  return { table: qualified, ...(column !== undefined && { column }) };
}

/** The name of a table or function with its schema. */
export function withSchema(name: string): string {
  return name.includes(".") ? name : `public.${name}`;
}

/**
 * The places of the metadata that use a table, one of its columns, or a function: those that are inconsistent in a database that lacks
 * only this object. `foreignKeys`: those that are known besides the ones that the metadata's relationships name.
 */
export function placesThatUse(
  document: MetadataDocument,
  sourceName: string,
  object: UsedObject,
  foreignKeys: readonly KnownKey[] = [],
): readonly FilePlace[] {
  const keyOf = ({ place, message }: MetadataProblem) => JSON.stringify([place, message]);
  const keys = [...foreignKeys, ...foreignKeysIn(document, sourceName)];
  const before = new Set(
    (checkConsistency(document, sourceName, databaseWithout(keys)) ?? []).map(keyOf),
  );
  return (checkConsistency(document, sourceName, databaseWithout(keys, object)) ?? []).flatMap(
    (problem) => (problem.place === undefined || before.has(keyOf(problem)) ? [] : [problem.place]),
  );
}

/** The paths of the values of a document of version 3 that use a table, one of its columns, a function, or anything in a schema. */
export function pathsThatUse(
  value: JsonMap,
  sourceName: string,
  object: UsedObject,
): readonly JsonPath[] {
  const document = { value, configVersion: 3 } as const;
  const keys = foreignKeysIn(document, sourceName);
  const found = (schema: DatabaseSchema): readonly Inconsistency[] =>
    inconsistenciesOf(document, sourceName, schema) ?? [];
  const keyOf = ({ path, message }: Inconsistency): string => JSON.stringify([path, message]);
  const before = new Set(found(databaseWithout(keys)).map(keyOf));
  return found(databaseWithout(keys, object))
    .filter((each) => !before.has(keyOf(each)))
    .map(({ path }) => path);
}

/**
 * The foreign keys that relationships of other tables name with their table and columns. A relationship that names only its own columns does
 * not say which table its foreign key refers to.
 */
function foreignKeysIn(
  document: Pick<MetadataDocument, "value" | "configVersion">,
  sourceName: string,
): readonly KnownKey[] {
  const source = sourceIn(document, sourceName, databaseWithout([]));
  return [...(source?.tables.values() ?? [])].flatMap(namedKeys);
}

/** A database in which every name exists but this one, or those in this schema. The foreign keys that refer to a table are missing with it. */
function databaseWithout(
  keys: readonly KnownKey[],
  object: UsedObject = { function: "" },
): DatabaseSchema {
  if ("function" in object) {
    const functions = new AllNames((name) => name === object.function);
    return { relations: new AllRelations(keys, { isMissing: nothing }), functions };
  }
  if ("table" in object && object.column !== undefined) {
    const relations = new AllRelations(keys, { isMissing: nothing, ...object });
    return { relations, functions: new AllNames() };
  }
  const isMissing = (name: string): boolean =>
    "schema" in object ? name.startsWith(`${object.schema}.`) : name === object.table;
  const left = keys.filter((key) => !isMissing(key.table));
  const functions = new AllNames("schema" in object ? isMissing : nothing);
  return { relations: new AllRelations(left, { isMissing }), functions };
}

type IsMissing = (name: string) => boolean;
const nothing: IsMissing = () => false;

/** The set of all names but some. */
class AllNames extends Set<string> {
  readonly #isMissing: IsMissing;

  constructor(isMissing = nothing) {
    super();
    this.#isMissing = isMissing;
  }

  override has(name: string): boolean {
    return !this.#isMissing(name);
  }
}

/** What is missing from a database: tables, and one column of a table. */
interface Missing {
  readonly isMissing: IsMissing;
  readonly table?: string;
  readonly column?: string;
}

/** Relations of all names, each with all columns, but for those that are missing. */
class AllRelations extends Map<string, Relation> {
  readonly #keys = new Map<string, ForeignKey[]>();
  readonly #missing: Missing;

  constructor(keys: readonly KnownKey[], missing: Missing) {
    super();
    for (const key of keys) this.#keys.set(key.owner, [...(this.#keys.get(key.owner) ?? []), key]);
    this.#missing = missing;
  }

  override has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  override get(name: string): Relation | undefined {
    const { isMissing, table, column } = this.#missing;
    if (isMissing(name)) return undefined;
    const columns = new AllNames((each) => name === table && each === column);
    return { columns, foreignKeys: this.#keys.get(name) ?? [] };
  }
}
