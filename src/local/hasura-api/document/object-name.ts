import { isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import { parseFailed } from "../hasura-error.ts";
import { anything, keyPath, type Reader } from "./read-value.ts";

/** The name of a table or function of Postgres: its schema is `public` unless it is written. */
export const postgresName: Reader = (value, path) => {
  if (typeof value === "string") return { name: value, schema: "public" };
  if (!isJsonMap(value)) throw parseFailed("expecting a string/object for QualifiedObject", path);
  return { name: textAt(value, "name", path), schema: textAt(value, "schema", path, "public") };
};

function textAt(map: JsonMap, key: string, path: string, fallback?: string): string {
  const value = map[key] ?? fallback;
  if (value === undefined) throw parseFailed(`the key '${key}' was not present`, path);
  if (typeof value !== "string")
    throw parseFailed("parsing Text failed, expected String", `${path}${keyPath(key)}`);
  return value;
}

/** The name of a table or function in a source of this kind; other kinds of database have names of other forms. */
export const nameOf = (isPostgres: boolean): Reader => (isPostgres ? postgresName : anything);

/** What tables and functions are sorted by: schema and name. */
export function nameOrder(name: Json | undefined): string {
  const { schema, name: own } = isJsonMap(name) ? name : {};
  return typeof schema === "string" && typeof own === "string"
    ? `${schema}\0${own}`
    : JSON.stringify(name ?? null);
}
