import type { ApiRequest } from "./context.ts";
import { HasuraError } from "./hasura-error.ts";
import {
  fullName,
  qualified,
  type MetadataDocument,
  type QualifiedName,
  type SourceDocument,
} from "./metadata-document.ts";
import type { JsonMap } from "../../metadata/document/json.ts";
import { nameText } from "./metadata-document.ts";

/** @throws HasuraError 400 not-exists */
export function sourceNamed(
  metadata: MetadataDocument,
  name: string,
  { path }: ApiRequest,
): SourceDocument {
  const source = metadata.sources.find((candidate) => candidate.name === name);
  if (!source)
    throw new HasuraError(400, "not-exists", `source with name "${name}" does not exist`, {
      path: `${path}.args`,
    });
  return source;
}

/**
 * The entry of a tracked table.
 * @param path where the request names it
 * @throws HasuraError 400 not-exists
 */
export function tableNamed(source: SourceDocument, table: QualifiedName, path: string): JsonMap {
  const entry = source.tables.find((each) => {
    const name = qualified(each["table"]);
    return name !== undefined && fullName(name) === fullName(table);
  });
  if (entry === undefined)
    throw new HasuraError(
      400,
      "not-exists",
      `table "${nameText(table)}" does not exist in source: ${source.name}`,
      { path },
    );
  return entry;
}
