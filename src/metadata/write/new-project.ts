import { isJsonList, type Json, type JsonMap } from "../document/json.ts";
import { filesOfVersion2, filesOfVersion3, type LayoutFile } from "../project/layout-files.ts";
import { writeActions } from "./action-files.ts";
import { actionParts } from "./action-parts.ts";
import type { FileNames } from "./file-names.ts";
import { writeSources, type NewFiles } from "./source-files.ts";
import { yamlFile } from "./yaml-text.ts";

/** Where new files are written. */
export interface NewDirectory {
  /** From the project's root. */
  readonly directory: string;
  readonly names: FileNames;
}

/** The files of a metadata directory as the Hasura CLI exports them (docs/internals/hasura-metadata.md, "What an export writes"). */
export function newProject(document: JsonMap, configVersion: 2 | 3, at: NewDirectory): NewFiles {
  const listed = configVersion === 3 ? filesOfVersion3 : filesOfVersion2;
  const { directory } = at;
  return new Map([
    [`${directory}/version.yaml`, yamlFile({ version: configVersion })],
    ...(configVersion === 3 ? newSources(document, at) : []),
    ...listed.map((file): [string, string] => [
      `${directory}/${file.path}`,
      yamlFile(contentOf(document, file)),
    ]),
    ...newActions(document, directory),
  ]);
}

/** databases.yaml with everything that it includes. */
export function newSources(
  { sources = [] }: JsonMap,
  { directory, names }: NewDirectory,
): NewFiles {
  const path = `${directory}/databases`;
  const { value, files } = writeSources(isJsonList(sources) ? sources : [], { path, names });
  return new Map([[`${path}/databases.yaml`, yamlFile(value)], ...files]);
}

/** actions.graphql and actions.yaml. */
export function newActions(document: JsonMap, directory: string): NewFiles {
  const files = writeActions(actionParts(document));
  return new Map([...files].map(([path, text]) => [`${directory}/${path}`, text]));
}

/** What one of the files contains; something empty where the document has nothing. */
export function contentOf(document: JsonMap, { key, shape, whenEmpty }: LayoutFile): Json {
  return document[key] ?? whenEmpty ?? (shape === "list" ? [] : {});
}
