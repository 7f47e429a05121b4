import { isJsonList, isJsonMap, type JsonMap } from "../document/json.ts";
import {
  documentLists,
  functionList,
  tableList,
  type ObjectList,
} from "../document/object-lists.ts";
import type { MetadataLayout } from "../project/metadata-files.ts";
import { filesOfVersion2 } from "../project/layout-files.ts";

/** The lists of a document, with those that only config version 2 has. */
export const allLists: Readonly<Record<string, ObjectList>> = {
  ...documentLists,
  tables: tableList,
  functions: functionList,
};

/** A server's metadata in the form of a project, and what that form has no place for. */
export interface ProjectForm {
  readonly document: JsonMap;
  /** Such as `the database analytics`. */
  readonly leftOut: readonly string[];
}

/** The name of the only database of config version 2. */
const onlySource = "default";

/** The server's metadata as a project of this config version contains it (docs/internals/hasura-metadata.md, "Files of config version 2"). */
export function inForm(server: JsonMap, { configVersion, file }: MetadataLayout): ProjectForm {
  // A single file contains the whole document.
  if (configVersion === 3 || file !== undefined) return { document: server, leftOut: [] };
  const sources = isJsonList(server["sources"]) ? server["sources"].filter(isJsonMap) : [];
  const source = sources.find(({ name }) => name === onlySource) ?? {};
  const known = new Set([...filesOfVersion2.map(({ key }) => key), "actions", "custom_types"]);
  const others = Object.entries(server).filter(([key]) => key !== "version" && key !== "sources");
  return {
    document: {
      version: 2,
      tables: source["tables"] ?? [],
      ...(source["functions"] !== undefined && { functions: source["functions"] }),
      ...Object.fromEntries(others.filter(([key]) => known.has(key))),
    },
    leftOut: [
      ...sources
        .filter(({ name }) => name !== onlySource)
        .map(({ name }) => `the database ${typeof name === "string" ? name : ""}`),
      ...others.filter(([key]) => !known.has(key)).map(([key]) => key),
    ],
  };
}
