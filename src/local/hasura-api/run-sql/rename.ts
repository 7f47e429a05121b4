import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import {
  fullName,
  mapAt,
  mapsAt,
  qualified,
  type MetadataDocument,
  type QualifiedName,
  type SourceDocument,
} from "../metadata-document.ts";
import { operations } from "../document/read-permission.ts";
import type { SchemaCache } from "../schema-cache/build-cache.ts";
import { nameJson } from "../schema-cache/metadata-object.ts";
import type { TrackedTable } from "../schema-cache/tracked-table.ts";

/** Keys whose value is the name of a table. */
const tableKeys = new Set(["table", "remote_table", "_table"]);

/** Keys that contain column values, or data that is sent to others. */
const opaque = new Set(["set", "payload", "headers", "configuration"]);

/** The metadata with the new name of a table wherever its source names it, and other sources refer to it. */
export function renameTable(
  metadata: MetadataDocument,
  { source, name }: TrackedTable,
  to: QualifiedName,
): MetadataDocument {
  const rename = (value: Json, isOurs: boolean): Json => {
    if (isJsonList(value)) return value.map((item) => rename(item, isOurs));
    if (!isJsonMap(value)) return value;
    const ours = "source" in value ? value["source"] === source : isOurs;
    const entries = Object.entries(value).map(([key, item]): [string, Json] => {
      if (opaque.has(key)) return [key, item];
      const named = tableKeys.has(key) ? qualified(item) : undefined;
      if (named === undefined) return [key, rename(item, ours)];
      const isIt = ours && fullName(named) === fullName(name);
      return [key, isIt ? nameJson(to) : item];
    });
    return Object.fromEntries(entries);
  };
  const renameIn = (map: JsonMap, isOurs: boolean): JsonMap => {
    const renamed = rename(map, isOurs);
    return isJsonMap(renamed) ? renamed : map;
  };
  const { custom_types: types, sources } = metadata;
  return {
    ...metadata,
    sources: sources.map((each) => ({
      ...each,
      tables: each.tables.map((entry) => renameIn(entry, each.name === source)),
    })),
    ...(isJsonMap(types) && { custom_types: renameIn(types, false) }),
  };
}

/** A renamed column. */
interface RenamedColumn {
  readonly table: TrackedTable;
  readonly cache: SchemaCache;
  readonly from: string;
  readonly to: string;
}

/**
 * The metadata with the new name of a column: in its table, and in relationships and conditions of others. Of a relationship, which
 * has no name in common with a column, it renames everything but its own entry.
 */
export function renameColumn(metadata: MetadataDocument, renamed: RenamedColumn): MetadataDocument {
  const { custom_types: types } = metadata;
  return {
    ...metadata,
    sources: metadata.sources.map((source) => ({
      ...source,
      tables: source.tables.map((entry) => renameInTable(entry, source, renamed)),
    })),
    ...(isJsonMap(types) && { custom_types: renameInTypes(types, renamed) }),
  };
}

type Change = (map: JsonMap) => JsonMap;

/** The map with `change` applied to the entries of its lists. */
function inLists(map: JsonMap, lists: readonly string[], change: Change): JsonMap {
  const changed = lists
    .filter((list) => isJsonList(map[list]))
    .map((list) => [list, mapsAt(map, list).map(change)] as const);
  return { ...map, ...Object.fromEntries(changed) };
}

/** The map with `change` applied to the maps at the keys. */
function inMaps(map: JsonMap, keys: readonly string[], change: Change): JsonMap {
  const changed = keys
    .filter((key) => isJsonMap(map[key]))
    .map((key) => [key, change(mapAt(map, key))] as const);
  return { ...map, ...Object.fromEntries(changed) };
}

const newKey =
  ({ from, to }: RenamedColumn): Change =>
  (map) =>
    Object.fromEntries(Object.entries(map).map(([key, value]) => [key === from ? to : key, value]));

const newValues =
  ({ from, to }: RenamedColumn): Change =>
  (map) =>
    Object.fromEntries(
      Object.entries(map).map(([key, value]) => [key, value === from ? to : value]),
    );

/** A name, or a list of names. */
function newName(value: Json, { from, to }: RenamedColumn): Json {
  if (isJsonList(value)) return value.map((item) => (item === from ? to : item));
  return value === from ? to : value;
}

function inNames(map: JsonMap, keys: readonly string[], renamed: RenamedColumn): JsonMap {
  const changed = keys
    .filter((key) => map[key] !== undefined)
    .map((key) => [key, newName(map[key] ?? null, renamed)] as const);
  return { ...map, ...Object.fromEntries(changed) };
}

function renameInTable(
  entry: JsonMap,
  { name: sourceName }: SourceDocument,
  renamed: RenamedColumn,
): JsonMap {
  const name = qualified(entry["table"]);
  const table = name && renamed.cache.sources.get(sourceName)?.tables.get(fullName(name));
  const isOwn = table === renamed.table;
  const withOwn = isOwn ? renameInOwn(entry, renamed) : entry;
  const related = inLists(withOwn, ["object_relationships", "array_relationships"], (each) =>
    inMaps(each, ["using"], (using) => renameInUsing(using, isOwn, sourceName, renamed)),
  );
  const remote = inLists(related, ["remote_relationships"], (each) =>
    inMaps(each, ["definition"], (definition) => renameInRemote(definition, isOwn, renamed)),
  );
  if (table === undefined) return remote;
  const lists = operations.map((operation) => `${operation}_permissions`);
  return inLists(remote, lists, (each) =>
    inMaps(each, ["permission"], (permission) =>
      inMaps(permission, ["filter", "check"], (condition) =>
        renameInCondition(condition, { table, root: table }, renamed),
      ),
    ),
  );
}

/** The parts of a table that name only its own columns. */
function renameInOwn(entry: JsonMap, renamed: RenamedColumn): JsonMap {
  const configured = inMaps(entry, ["configuration"], (configuration) =>
    inMaps(configuration, ["column_config", "custom_column_names"], newKey(renamed)),
  );
  const lists = operations.map((operation) => `${operation}_permissions`);
  const permitted = inLists(configured, lists, (each) =>
    inMaps(each, ["permission"], (permission) =>
      inMaps(inNames(permission, ["columns"], renamed), ["set"], newKey(renamed)),
    ),
  );
  return inLists(permitted, ["event_triggers"], (trigger) =>
    inMaps(trigger, ["definition"], (definition) =>
      inMaps(definition, ["insert", "update", "delete"], (spec) =>
        inNames(spec, ["columns", "payload"], renamed),
      ),
    ),
  );
}

function renameInUsing(
  using: JsonMap,
  isOwn: boolean,
  sourceName: string,
  renamed: RenamedColumn,
): JsonMap {
  const refersToIt = (value: Json | undefined): boolean => {
    const name = qualified(value);
    return (
      sourceName === renamed.table.source &&
      name !== undefined &&
      fullName(name) === fullName(renamed.table.name)
    );
  };
  const manual = inMaps(using, ["manual_configuration"], (configuration) =>
    inMaps(configuration, ["column_mapping"], (mapping) => {
      const own = isOwn ? newKey(renamed)(mapping) : mapping;
      return refersToIt(configuration["remote_table"]) ? newValues(renamed)(own) : own;
    }),
  );
  const key = using["foreign_key_constraint_on"];
  if (key === undefined) return manual;
  if (!isJsonMap(key))
    return isOwn ? { ...manual, foreign_key_constraint_on: newName(key, renamed) } : manual;
  if (!refersToIt(key["table"])) return manual;
  return { ...manual, foreign_key_constraint_on: inNames(key, ["column", "columns"], renamed) };
}

function renameInRemote(definition: JsonMap, isOwn: boolean, renamed: RenamedColumn): JsonMap {
  const toSource = inMaps(definition, ["to_source"], (source) => {
    const name = qualified(source["table"]);
    const isIt =
      source["source"] === renamed.table.source &&
      name !== undefined &&
      fullName(name) === fullName(renamed.table.name);
    return inMaps(source, ["field_mapping"], (mapping) => {
      const own = isOwn ? newKey(renamed)(mapping) : mapping;
      return isIt ? newValues(renamed)(own) : own;
    });
  });
  if (!isOwn) return toSource;
  return inMaps(inNames(toSource, ["hasura_fields"], renamed), ["to_remote_schema"], (schema) =>
    inNames(schema, ["lhs_fields"], renamed),
  );
}

/** The tables of a condition: the one at this point, and the one at its root. */
interface Scope {
  readonly table: TrackedTable;
  readonly root: TrackedTable;
}

function renameInCondition(condition: JsonMap, scope: Scope, renamed: RenamedColumn): JsonMap {
  const entries = Object.entries(condition).map(([key, value]) =>
    renameEntry(key, value, scope, renamed),
  );
  return Object.fromEntries(entries);
}

function renameEntry(
  key: string,
  value: Json,
  scope: Scope,
  renamed: RenamedColumn,
): [string, Json] {
  const inner = (item: Json, table = scope.table): Json =>
    isJsonMap(item) ? renameInCondition(item, { ...scope, table }, renamed) : item;
  switch (key) {
    case "_and":
    case "_or":
      return [key, isJsonList(value) ? value.map((item) => inner(item)) : inner(value)];
    case "_not":
      return [key, inner(value)];
    case "_exists": {
      const table = isJsonMap(value)
        ? tableAt(qualified(value["_table"]), scope, renamed)
        : undefined;
      if (!isJsonMap(value) || table === undefined) return [key, value];
      return [
        key,
        inMaps(value, ["_where"], (where) =>
          renameInCondition(where, { ...scope, table }, renamed),
        ),
      ];
    }
    default:
      return renameField(key, value, scope, renamed);
  }
}

function renameField(
  name: string,
  value: Json,
  scope: Scope,
  renamed: RenamedColumn,
): [string, Json] {
  const field = scope.table.fields.get(name);
  const isIt = scope.table === renamed.table && name === renamed.from;
  const own = isIt ? renamed.to : name;
  if (field?.kind === "column") return [own, renameOperands(value, scope, renamed)];
  const target =
    field?.kind === "relationship"
      ? field.table
      : field?.kind === "computed field"
        ? field.returnsTable
        : undefined;
  const table = tableAt(target, scope, renamed);
  if (table === undefined || !isJsonMap(value)) return [own, value];
  return [own, renameInCondition(value, { ...scope, table }, renamed)];
}

function tableAt(
  name: QualifiedName | undefined,
  { table }: Scope,
  { cache }: RenamedColumn,
): TrackedTable | undefined {
  return name && cache.sources.get(table.source)?.tables.get(fullName(name));
}

/** The columns that a column is compared with. */
function renameOperands(value: Json, { table, root }: Scope, renamed: RenamedColumn): Json {
  if (!isJsonMap(value)) return value;
  const entries = Object.entries(value).map(([operator, operand]): [string, Json] => {
    if (!/^[_$]c(eq|neq?|[gl]te?)$/.test(operator)) return [operator, operand];
    const ofRoot = isJsonList(operand) && operand[0] === "$";
    return (ofRoot ? root : table) === renamed.table
      ? [operator, newName(operand, renamed)]
      : [operator, operand];
  });
  return Object.fromEntries(entries);
}

function renameInTypes(types: JsonMap, renamed: RenamedColumn): JsonMap {
  return inLists(types, ["objects"], (object) =>
    inLists(object, ["relationships"], (relationship) => {
      const name = qualified(relationship["remote_table"]);
      const isIt =
        (relationship["source"] ?? "default") === renamed.table.source &&
        name !== undefined &&
        fullName(name) === fullName(renamed.table.name);
      return isIt ? inMaps(relationship, ["field_mapping"], newValues(renamed)) : relationship;
    }),
  );
}
