import type { JsonList, JsonMap } from "../document/json.ts";

/*
 * The files of a metadata directory and what each becomes (docs/internals/hasura-metadata.md, "Files of config version 3" and
 * "Files of config version 2").
 */

/** A file with the value of one key of the document. */
export interface LayoutFile {
  /** From the metadata directory. */
  readonly path: string;
  readonly key: string;
  readonly shape: "list" | "map";
  /** What `null` stands for, and which keys a map has at least. Without it, the key is left out. */
  readonly whenEmpty?: JsonList | JsonMap;
  /** A file with only blanks and comments is an error. */
  readonly mustHaveContent?: true;
  /** The key is left out for an empty list or map, too. */
  readonly leftOutWhenBlank?: true;
}

function list(name: string): LayoutFile {
  return { path: `${name}.yaml`, key: name, shape: "list", whenEmpty: [] };
}

function map(name: string): LayoutFile {
  return { path: `${name}.yaml`, key: name, shape: "map" };
}

const allowList: LayoutFile = {
  ...{ path: "allow_list.yaml", key: "allowlist", shape: "list", whenEmpty: [] },
  mustHaveContent: true,
};
const restEndpoints: LayoutFile = {
  ...{ path: "rest_endpoints.yaml", key: "rest_endpoints", shape: "list" },
  leftOutWhenBlank: true,
};

/** The files of config version 3 except version.yaml, databases.yaml and those of actions. */
export const filesOfVersion3: readonly LayoutFile[] = [
  list("remote_schemas"),
  list("query_collections"),
  allowList,
  list("cron_triggers"),
  { ...map("network"), whenEmpty: {} },
  restEndpoints,
  list("inherited_roles"),
  map("opentelemetry"),
  map("backend_configs"),
  { ...map("api_limits"), whenEmpty: {} },
  { ...map("graphql_schema_introspection"), whenEmpty: { disabled_for_roles: [] } },
  { ...map("metrics_config"), leftOutWhenBlank: true },
];

/** The files of config version 2 except those of actions. */
export const filesOfVersion2: readonly LayoutFile[] = [
  list("tables"),
  list("functions"),
  list("remote_schemas"),
  list("query_collections"),
  allowList,
  list("cron_triggers"),
  { ...map("network"), whenEmpty: {} },
];
