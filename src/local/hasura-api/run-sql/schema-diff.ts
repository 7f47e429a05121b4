import type { DatabaseFunction, DatabaseSchema, Relation } from "../database/database-schema.ts";
import {
  fullName,
  mapAt,
  mapsAt,
  qualified,
  textAt,
  type QualifiedName,
} from "../metadata-document.ts";
import type { BuiltSource, TrackedTable } from "../schema-cache/tracked-table.ts";

/** What SQL did to a table that still exists. */
export interface AlteredTable {
  readonly table: TrackedTable;
  readonly newName?: QualifiedName;
  readonly droppedColumns: readonly string[];
  /** New names by old ones. */
  readonly renamedColumns: ReadonlyMap<string, string>;
  /** Columns that have another type. */
  readonly retypedColumns: readonly string[];
  readonly droppedConstraints: readonly string[];
  /** Computed fields whose functions are gone. */
  readonly droppedFields: readonly string[];
  /** Computed fields whose functions are volatile now. */
  readonly volatileFields: readonly { readonly field: string; readonly name: QualifiedName }[];
  /** Computed fields whose functions are overloaded now. */
  readonly overloadedFields: readonly { readonly field: string; readonly name: QualifiedName }[];
}

/** What SQL did to what the metadata of a source names. */
export interface SchemaDiff {
  readonly droppedTables: readonly TrackedTable[];
  readonly altered: readonly AlteredTable[];
  readonly droppedFunctions: readonly QualifiedName[];
  readonly overloadedFunctions: readonly QualifiedName[];
  /** Functions that were not volatile, and are now. */
  readonly volatileFunctions: readonly QualifiedName[];
}

/**
 * Compares two states of a source's database. Tables, columns and functions are matched by PostgreSQL's own numbers for them, so
 * that renamed ones are found.
 */
export function schemaDiff(
  source: BuiltSource,
  before: DatabaseSchema,
  after: DatabaseSchema,
): SchemaDiff {
  const byOid = new Map([...after.relations.values()].map((relation) => [relation.oid, relation]));
  const droppedTables: TrackedTable[] = [];
  const altered: AlteredTable[] = [];
  for (const [name, table] of source.tables) {
    const old = before.relations.get(name);
    if (old === undefined) continue;
    const current = byOid.get(old.oid);
    if (current === undefined) droppedTables.push(table);
    else altered.push(alteredTable(table, old, current, { before, after }));
  }
  return { droppedTables, altered, ...functionDiff(source, before, after) };
}

function alteredTable(
  table: TrackedTable,
  old: Relation,
  current: Relation,
  { before, after }: { readonly before: DatabaseSchema; readonly after: DatabaseSchema },
): AlteredTable {
  const byPosition = new Map(
    [...current.columns.values()].map((column) => [column.position, column]),
  );
  const pairs = [...old.columns.values()].map((column) => ({
    column,
    now: byPosition.get(column.position),
  }));
  const renamed = pairs.flatMap(({ column, now }) =>
    now === undefined || now.name === column.name ? [] : [[column.name, now.name] as const],
  );
  return {
    table,
    ...(current.name !== old.name && { newName: splitName(current.name) }),
    droppedColumns: pairs.flatMap(({ column, now }) => (now === undefined ? [column.name] : [])),
    renamedColumns: new Map(renamed),
    retypedColumns: pairs.flatMap(({ column, now }) =>
      now?.name === column.name && now.type !== column.type ? [column.name] : [],
    ),
    droppedConstraints: droppedConstraints(old, current),
    droppedFields: computedFields(table).flatMap(({ field, name }) => {
      const [old, now] = [overloadsOf(before, name), overloadsOf(after, name)];
      // A function with another name counts as dropped.
      const isGone = old.length > 0 && !old.some((each) => now.some(({ oid }) => oid === each.oid));
      return isGone ? [field] : [];
    }),
    volatileFields: computedFields(table).filter(({ name }) => becameVolatile(name, before, after)),
    overloadedFields: computedFields(table).filter(
      ({ name }) => overloadsOf(before, name).length === 1 && overloadsOf(after, name).length > 1,
    ),
  };
}

function computedFields({ entry }: TrackedTable): { field: string; name: QualifiedName }[] {
  return mapsAt(entry, "computed_fields").flatMap((field) => {
    const name = qualified(mapAt(field, "definition")["function"]);
    return name === undefined ? [] : [{ field: textAt(field, "name"), name }];
  });
}

const overloadsOf = (schema: DatabaseSchema, name: QualifiedName): readonly DatabaseFunction[] =>
  schema.functions.get(fullName(name)) ?? [];

function splitName(name: string): QualifiedName {
  const dot = name.indexOf(".");
  return { schema: name.slice(0, dot), name: name.slice(dot + 1) };
}

/** A foreign key that was created again in the same form counts as the same. */
function droppedConstraints(old: Relation, current: Relation): string[] {
  const form = ({ table, columns, theirColumns }: Relation["foreignKeys"][number]): string =>
    JSON.stringify([table, columns, theirColumns]);
  const oids = new Set(current.foreignKeys.map(({ oid }) => oid));
  const forms = new Set(current.foreignKeys.map(form));
  return old.foreignKeys
    .filter((key) => !oids.has(key.oid) && !forms.has(form(key)))
    .map(({ name }) => name);
}

const becameVolatile = (
  name: QualifiedName,
  before: DatabaseSchema,
  after: DatabaseSchema,
): boolean =>
  overloadsOf(before, name).some(({ isVolatile }) => !isVolatile) &&
  overloadsOf(after, name).some(({ isVolatile }) => isVolatile);

function isDropped(name: QualifiedName, before: DatabaseSchema, after: DatabaseSchema): boolean {
  const old = overloadsOf(before, name);
  if (old.length === 0) return false;
  const remaining = new Set([...after.functions.values()].flat().map(({ oid }) => oid));
  return old.every(({ oid }) => !remaining.has(oid));
}

function functionDiff(
  { document }: BuiltSource,
  before: DatabaseSchema,
  after: DatabaseSchema,
): Pick<SchemaDiff, "droppedFunctions" | "overloadedFunctions" | "volatileFunctions"> {
  const tracked = mapsAt(document, "functions").flatMap((entry) => {
    const name = qualified(entry["function"]);
    return name === undefined ? [] : [name];
  });
  return {
    droppedFunctions: tracked.filter((name) => isDropped(name, before, after)),
    overloadedFunctions: tracked.filter(
      (name) => overloadsOf(before, name).length === 1 && overloadsOf(after, name).length > 1,
    ),
    volatileFunctions: tracked.filter((name) => becameVolatile(name, before, after)),
  };
}
