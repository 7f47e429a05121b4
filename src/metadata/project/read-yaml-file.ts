import type { Json } from "../document/json.ts";
import type { SourceText } from "../document/source-text.ts";
import { yamlValue } from "../yaml/read-value.ts";
import type { Reading } from "./part.ts";
import { readSource } from "./read-text.ts";

export interface YamlSource {
  readonly source: SourceText;
  readonly value: Json;
  /** True for a file that has only blanks and comments. */
  readonly isBlank: boolean;
}

/**
 * Reads a YAML file without includes, by its path in the metadata directory; undefined if it does not exist.
 * @throws MetadataFailure as `readSource` and `yamlValue` do
 */
export async function readYamlFile(
  path: string,
  { layout, files, ...conversion }: Reading,
): Promise<YamlSource | undefined> {
  const source = await readSource(`${layout.directory}/${path}`, files);
  if (source === undefined) return undefined;
  return { source, ...yamlValue(source, conversion) };
}
