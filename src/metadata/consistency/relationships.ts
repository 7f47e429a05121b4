import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { qualifiedName } from "../document/object-lists.ts";
import type { JsonPath } from "../document/places.ts";
import type { Inconsistency } from "./finding.ts";
import { missingColumn } from "./names.ts";
import type { KnownKey, Relation } from "./schema.ts";
import { mapIn, mapsIn, type Located, type TableUnderCheck, type TrackedTable } from "./source.ts";

const lists = ["object_relationships", "array_relationships"] as const;

/** The table that a relationship of this name refers to; undefined without such a relationship or table. */
export function targetOf(table: TableUnderCheck, name: string): string | undefined {
  for (const list of lists)
    for (const { value, path } of mapsIn(table.value, table.path, list))
      if (value["name"] === name) return checkedUsing({ value, path }, table).target;
  return undefined;
}

/** True if a table has a relationship of this name, of any kind. */
export function hasRelationship(table: TableUnderCheck, name: string): boolean {
  return [...lists, "remote_relationships"].some((list) =>
    mapsIn(table.value, table.path, list).some(({ value }) => value["name"] === name),
  );
}

/** What the object and array relationships of a table refer to and does not exist. */
export function checkRelationships(table: TableUnderCheck): Inconsistency[] {
  return lists.flatMap((list) =>
    mapsIn(table.value, table.path, list).flatMap((each) => checkedUsing(each, table).problems),
  );
}

/** The foreign keys of other tables that the relationships of a table name with their columns. */
export function namedKeys(table: TrackedTable): readonly KnownKey[] {
  return lists.flatMap((list) =>
    mapsIn(table.value, table.path, list).flatMap(({ value, path }) => {
      const using = mapIn(value, path, "using");
      const key = using && mapIn(using.value, using.path, "foreign_key_constraint_on");
      const owner = qualifiedName(key?.value["table"]);
      if (key === undefined || owner === undefined) return [];
      const columns = namesIn(key.value["column"] ?? key.value["columns"] ?? null, key.path);
      return [{ owner, columns: columns.map((each) => each.value), table: table.name }];
    }),
  );
}

interface Checked {
  readonly target?: string | undefined;
  readonly problems: readonly Inconsistency[];
}

function checkedUsing({ value, path }: Located<JsonMap>, table: TableUnderCheck): Checked {
  const using = mapIn(value, path, "using");
  if (using === undefined) return { problems: [] };
  const at = [...using.path, "foreign_key_constraint_on"];
  const key = using.value["foreign_key_constraint_on"];
  const manual = mapIn(using.value, using.path, "manual_configuration");
  if (manual !== undefined) return manualTarget(manual, table);
  if (isJsonMap(key)) return reverseTarget({ value: key, path: at }, table);
  return key === undefined ? { problems: [] } : ownTarget(key, at, table);
}

/** A foreign key of the table itself. */
function ownTarget(key: Json, path: JsonPath, table: TableUnderCheck): Checked {
  const columns = namesIn(key, path);
  const missing = columns.flatMap((column) => missingColumn(column, table.name, table.relation));
  if (missing.length > 0) return { problems: missing };
  const [target] = referencedBy(table.relation, columns);
  if (target === undefined) return { problems: [noForeignKey(columns, table.name, path)] };
  return { target, problems: untracked(target, path, table) };
}

/** A foreign key of another table that refers to this one. */
function reverseTarget({ value, path }: Located<JsonMap>, table: TableUnderCheck): Checked {
  const target = qualifiedName(value["table"]);
  if (target === undefined) return { problems: [] };
  const unknown = missingTable(target, [...path, "table"], table);
  const relation = table.source.schema.relations.get(target);
  if (unknown.length > 0 || relation === undefined) return { problems: unknown };
  const key = value["column"] === undefined ? "columns" : "column";
  const columns = namesIn(value[key] ?? null, [...path, key]);
  const missing = columns.flatMap((column) => missingColumn(column, target, relation));
  if (missing.length > 0) return { target, problems: missing };
  return referencedBy(relation, columns).includes(table.name)
    ? { target, problems: [] }
    : { target, problems: [noForeignKey(columns, target, path, table.name)] };
}

function manualTarget({ value, path }: Located<JsonMap>, table: TableUnderCheck): Checked {
  const target = qualifiedName(value["remote_table"]);
  if (target === undefined) return { problems: [] };
  const unknown = missingTable(target, [...path, "remote_table"], table);
  const mapping = mapIn(value, path, "column_mapping");
  const relation = table.source.schema.relations.get(target);
  const columns = mapping === undefined ? [] : checkMapping(mapping, table, target, relation);
  return unknown.length > 0 ? { problems: unknown } : { target, problems: columns };
}

/** Columns of the table by its keys, columns of the other table by its values. */
export function checkMapping(
  { value, path }: Located<JsonMap>,
  table: Pick<TableUnderCheck, "name" | "relation">,
  target: string,
  relation: Relation | undefined,
): Inconsistency[] {
  return Object.entries(value).flatMap(([own, theirs]) => [
    ...missingColumn({ value: own, path: [...path, own] }, table.name, table.relation),
    ...(typeof theirs === "string" && relation !== undefined
      ? missingColumn({ value: theirs, path: [...path, own] }, target, relation)
      : []),
  ]);
}

/** A table that does not exist, or is not tracked. */
function missingTable(target: string, path: JsonPath, table: TableUnderCheck): Inconsistency[] {
  if (table.source.schema.relations.has(target)) return untracked(target, path, table);
  return [{ path, message: `The table ${target} does not exist.` }];
}

function untracked(target: string, path: JsonPath, { source }: TableUnderCheck): Inconsistency[] {
  if (source.tables.has(target)) return [];
  return [
    { path, message: `The relationship refers to the table ${target}, which is not tracked.` },
  ];
}

/** The tables that the foreign keys on exactly these columns refer to. */
function referencedBy({ foreignKeys }: Relation, columns: readonly Located<string>[]): string[] {
  const names = sorted(columns.map(({ value }) => value));
  return foreignKeys.filter((key) => sorted(key.columns) === names).map(({ table }) => table);
}

function sorted(names: readonly string[]): string {
  return JSON.stringify(names.toSorted());
}

function noForeignKey(
  columns: readonly Located<string>[],
  table: string,
  path: JsonPath,
  target?: string,
): Inconsistency {
  const names = columns.map(({ value }) => value).join(", ");
  const to = target === undefined ? "" : ` that refers to ${target}`;
  return { path, message: `${table} has no foreign key on ${names}${to}.` };
}

/** The names in a text or a list. */
export function namesIn(value: Json, path: JsonPath): readonly Located<string>[] {
  if (typeof value === "string") return [{ value, path }];
  if (!isJsonList(value)) return [];
  return value.flatMap((name, i) =>
    typeof name === "string" ? [{ value: name, path: [...path, i] }] : [],
  );
}
