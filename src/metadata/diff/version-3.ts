import type { MetadataDocument } from "../document/metadata-document.ts";
import { isJsonList, isJsonMap, type JsonMap } from "../document/json.ts";
import type { JsonPath } from "../document/places.ts";

/** A project's metadata in the form of a server with metadata version 3. */
export interface ComparableMetadata {
  readonly document: JsonMap;
  /** The path in the project's own document for a path in `document`. */
  readonly pathInFiles: (path: JsonPath) => JsonPath;
}

/** The name of the only database of config version 2. */
const onlySource = "default";

/**
 * The metadata that the server would have after `replace_metadata`. A document of config version 2 has the tables and functions of one
 * database, whose connection stays as it is on the server, and no REST endpoints, which the server keeps; the server removes all other
 * databases (docs/internals/hasura-metadata.md, "Files of config version 2").
 */
export function asVersion3(
  { value, configVersion }: Pick<MetadataDocument, "value" | "configVersion">,
  server: JsonMap,
): ComparableMetadata {
  if (configVersion === 3) return { document: value, pathInFiles: (path) => path };
  const { tables = [], functions = [], ...others } = value;
  const source = { ...sourceOf(server), tables, functions };
  const kept = server["rest_endpoints"];
  return {
    document: {
      ...(kept !== undefined && { rest_endpoints: kept }),
      ...{ ...others, version: 3, sources: [source] },
    },
    // sources, 0, tables, …
    pathInFiles: (path) => (path[0] === "sources" ? path.slice(2) : path),
  };
}

function sourceOf({ sources }: JsonMap): JsonMap {
  const found = isJsonList(sources)
    ? sources.filter(isJsonMap).find(({ name }) => name === onlySource)
    : undefined;
  return found ?? { name: onlySource, kind: "postgres" };
}
