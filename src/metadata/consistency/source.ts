import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { qualifiedName } from "../document/object-lists.ts";
import type { JsonPath } from "../document/places.ts";
import type { DatabaseSchema, Relation } from "./schema.ts";

/** A table that a source tracks. */
export interface TrackedTable {
  readonly name: string;
  readonly value: JsonMap;
  readonly path: JsonPath;
}

/** A source with its tables, and the schema of its database. */
export interface SourceUnderCheck {
  readonly name: string;
  readonly value: JsonMap;
  readonly path: JsonPath;
  /** By name; the first one of a table that is defined twice. */
  readonly tables: ReadonlyMap<string, TrackedTable>;
  readonly schema: DatabaseSchema;
  /** The tables of every source of the document, by the source's name. */
  readonly tablesOfSources: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A table to check: it is tracked, and exists. */
export interface TableUnderCheck extends TrackedTable {
  readonly source: SourceUnderCheck;
  readonly relation: Relation;
}

/** The tracked tables of a source, or of a document of config version 2. */
export function trackedTables(source: JsonMap, path: JsonPath): ReadonlyMap<string, TrackedTable> {
  const found = new Map<string, TrackedTable>();
  for (const { value, path: at } of mapsIn(source, path, "tables")) {
    const name = qualifiedName(value["table"]);
    if (name !== undefined && !found.has(name)) found.set(name, { name, value, path: at });
  }
  return found;
}

/** A value with its path. */
export interface Located<Value extends Json> {
  readonly value: Value;
  readonly path: JsonPath;
}

/** The maps in the list at a key. */
export function mapsIn(map: JsonMap, path: JsonPath, key: string): readonly Located<JsonMap>[] {
  return itemsIn(map, path, key).flatMap(({ value, path: at }) =>
    isJsonMap(value) ? [{ value, path: at }] : [],
  );
}

/** The items of the list at a key; none for anything else. */
export function itemsIn(map: JsonMap, path: JsonPath, key: string): readonly Located<Json>[] {
  const items = map[key];
  return isJsonList(items) ? items.map((value, i) => ({ value, path: [...path, key, i] })) : [];
}

/** The map at a key; undefined for anything else. */
export function mapIn(map: JsonMap, path: JsonPath, key: string): Located<JsonMap> | undefined {
  const value = map[key];
  return isJsonMap(value) ? { value, path: [...path, key] } : undefined;
}
