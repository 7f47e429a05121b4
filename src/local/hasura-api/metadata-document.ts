import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";

/** A source in the metadata. */
export interface SourceDocument extends JsonMap {
  readonly name: string;
  readonly kind: string;
  readonly tables: readonly JsonMap[];
}

/** The metadata as the server stores and exports it. */
export interface MetadataDocument extends JsonMap {
  readonly version: 3;
  readonly sources: readonly SourceDocument[];
}

/** The metadata of a new server. */
export const emptyMetadata = (): MetadataDocument => ({ version: 3, sources: [] });

/** True for a document with sources; what else it contains is not looked at. */
export function isMetadataDocument(value: Json): value is MetadataDocument {
  if (!isJsonMap(value) || value["version"] !== 3) return false;
  const { sources } = value;
  return isJsonList(sources) && sources.every(isSource);
}

function isSource(value: Json): value is SourceDocument {
  if (!isJsonMap(value)) return false;
  const { name, kind, tables } = value;
  return (
    typeof name === "string" &&
    typeof kind === "string" &&
    isJsonList(tables) &&
    tables.every(isMap)
  );
}

const isMap = (value: Json): value is JsonMap => isJsonMap(value);

/** The maps in the list at a key; none for anything else. */
export function mapsAt(map: JsonMap, key: string): readonly JsonMap[] {
  const value = map[key];
  return isJsonList(value) ? value.filter(isMap) : [];
}

/** The map at a key; an empty one for anything else. */
export function mapAt(map: JsonMap, key: string): JsonMap {
  const value = map[key];
  return isJsonMap(value) ? value : {};
}

/** The texts of a list at a key; none for anything else. */
export function textsAt(map: JsonMap, key: string): readonly string[] {
  const value = map[key];
  return isJsonList(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The text at a key; an empty one for anything else. */
export function textAt(map: JsonMap, key: string): string {
  const value = map[key];
  return typeof value === "string" ? value : "";
}

/** The map without a key. */
export const withoutKey = (map: JsonMap, omitted: string): JsonMap =>
  Object.fromEntries(Object.entries(map).filter(([key]) => key !== omitted));

/** The name of a table or a function of Postgres. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** Reads an object's name; undefined for the names of other kinds of source (lists, datasets). */
export function qualified(value: Json | undefined): QualifiedName | undefined {
  if (typeof value === "string") return { schema: "public", name: value };
  if (!isJsonMap(value)) return undefined;
  const { name, schema = "public" } = value;
  return typeof name === "string" && typeof schema === "string" ? { schema, name } : undefined;
}

/** A name as in Hasura's messages: without the schema `public`. */
export const nameText = ({ schema, name }: QualifiedName): string =>
  schema === "public" ? name : `${schema}.${name}`;

/** A name with its schema, which is unique in a database: `public.users`. */
export const fullName = ({ schema, name }: QualifiedName): string => `${schema}.${name}`;

/** The full names of the tables that a source uses as enums. */
export const enumTables = ({ tables }: { readonly tables: readonly JsonMap[] }): string[] =>
  tables.flatMap(({ is_enum: isEnum, table }) => {
    const name = isEnum === true ? qualified(table) : undefined;
    return name === undefined ? [] : [fullName(name)];
  });

/** The metadata with `change` applied to the source of that name. */
export function changeSource(
  metadata: MetadataDocument,
  name: string,
  change: (source: SourceDocument) => SourceDocument,
): MetadataDocument {
  return {
    ...metadata,
    sources: metadata.sources.map((source) => (source.name === name ? change(source) : source)),
  };
}
