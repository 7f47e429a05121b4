import { isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import { parseFailed } from "../hasura-error.ts";
import { isPostgresFamily } from "../source-kind.ts";
import { nameOf, nameOrder } from "./object-name.ts";
import { readTable } from "./read-table.ts";
import { anything, list, object, optional, required, text, type Reader } from "./read-value.ts";
import { byKey, lastOfEach } from "./sorted-list.ts";

/** An entry of `sources`. Of two entries for one table or function, the later one counts. */
export const readSource: Reader<JsonMap> = (value, path) => {
  if (!isJsonMap(value)) throw parseFailed("parsing SourceMetadata failed, expected Object", path);
  const { kind = "postgres" } = value;
  const isPostgres = typeof kind === "string" && isPostgresFamily(kind);
  const named = sourceObject(isPostgres);
  return named({ ...value, kind: kind === "pg" ? "postgres" : kind }, path);
};

function sourceObject(isPostgres: boolean): Reader<JsonMap> {
  const name = nameOf(isPostgres);
  const byName = (key: string) => (entry: JsonMap) => nameOrder(entry[key]);
  return object([
    required("name", text),
    required("kind", text),
    required("tables", lastOfEach(isPostgres ? readTable(name) : anyObject, byName("table"))),
    optional("functions", lastOfEach(functionEntry(name), byName("function")), { omit: [] }),
    ...[
      optional("native_queries", lastOfEach(nativeQuery, byKey("root_field_name")), { omit: [] }),
      optional("stored_procedures", lastOfEach(anyObject, byName("stored_procedure")), {
        omit: [],
      }),
      optional("logical_models", lastOfEach(anyObject, byKey("name")), { omit: [] }),
    ],
    required("configuration", isPostgres ? postgresConfiguration : anything),
    optional("query_tags", anything),
    optional("customization", anything, { omit: {} }),
    optional("health_check", anything),
  ]);
}

const anyObject: Reader<JsonMap> = (value, path) => {
  if (!isJsonMap(value)) throw parseFailed("parsing Object failed, expected Object", path);
  const sorted = anything(value, path);
  return isJsonMap(sorted) ? sorted : {};
};

const nativeQuery: Reader<JsonMap> = (value, path) => {
  const query = anyObject(value, path);
  const { code } = query;
  if (typeof code === "string" && /\{\{/.test(code.replaceAll(/\{\{[^}]*\}\}/g, "")))
    throw parseFailed("Found '{{' without a matching closing '}}'", `${path}.code`);
  return query;
};

const functionEntry = (name: Reader): Reader<JsonMap> =>
  object([
    required("function", name),
    optional("configuration", anything, { omit: {} }),
    optional("permissions", list(anything), { omit: [] }),
    optional("comment", text),
  ]);

/** The address may be missing here: the local environment has its own for its databases. */
const postgresConfiguration: Reader = (value, path) => {
  const sorted = anything(value, path);
  const { connection_info: connection, ...others }: JsonMap = isJsonMap(sorted) ? sorted : {};
  if (!isJsonMap(connection)) return sorted;
  return { connection_info: { ...connectionDefaults, ...connection }, ...others };
};

const connectionDefaults: Readonly<Record<string, Json>> = {
  isolation_level: "read-committed",
  use_prepared_statements: false,
};
