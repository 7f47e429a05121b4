import type { Json } from "../document/json.ts";
import type { SourceText } from "../document/source-text.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { readPlainBlocks } from "../yaml/plain-blocks.ts";
import { toJson } from "../yaml/to-json.ts";
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
 * @throws MetadataFailure as `readSource`, `parseYaml` and `toJson` do
 */
export async function readYamlFile(
  path: string,
  { layout, files, ...conversion }: Reading,
): Promise<YamlSource | undefined> {
  const source = await readSource(`${layout.directory}/${path}`, files);
  if (source === undefined) return undefined;
  const plain = readPlainBlocks(source, conversion.origins);
  if (plain !== undefined) {
    conversion.size.add(source.text.length, { source, offset: 0 });
    return { source, value: plain, isBlank: false };
  }
  const file = parseYaml(source);
  return { source, value: toJson(file, conversion), isBlank: file.contents === null };
}
