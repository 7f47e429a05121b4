import type { Json } from "../document/json.ts";
import type { SourceText } from "../document/source-text.ts";
import { unreadable } from "../problem.ts";
import { parseYaml, type YamlFile } from "./parse-yaml.ts";
import { readPlainBlocks } from "./plain-blocks.ts";
import { toJson, type Conversion } from "./to-json.ts";

/** The longest file for the YAML library, in UTF-16 units. The library needs about 1 s and 100 MB of memory for a million. */
const longest = 4_000_000;

/** The value of a plain file, or a file that only the library can read. */
export type ReadYaml = { readonly value: Json } | { readonly file: YamlFile };

/**
 * Reads a file. A plain one is read at once; its includes are texts.
 * @throws MetadataFailure for a file that is too long for what is in it, and as `parseYaml` does
 */
export function readYaml(source: SourceText, { origins, size, isMoved }: Conversion): ReadYaml {
  const plain = readPlainBlocks(source, origins, isMoved);
  if ("notPlainAt" in plain) {
    refuseLong(source, plain.notPlainAt);
    return { file: parseYaml(source) };
  }
  size.add(source.text.length, { source, offset: 0 });
  return plain;
}

/** The value of a file without includes. Throws MetadataFailure as `readYaml` and `toJson` do. */
export function yamlValue(
  source: SourceText,
  conversion: Conversion,
): { readonly value: Json; readonly isBlank: boolean } {
  const read = readYaml(source, conversion);
  if ("value" in read) return { value: read.value, isBlank: false };
  return { value: toJson(read.file, conversion), isBlank: read.file.contents === null };
}

function refuseLong(source: SourceText, offset: number): void {
  if (source.text.length <= longest) return;
  const size = (source.text.length / 1_000_000).toFixed(1);
  throw unreadable(
    { source, offset },
    `This file has ${size} MB. In files of more than 4 MB, anchors, aliases, tags, and multi-line strings other than block scalars (|) are not supported.`,
    "Rewrite this without them, or move each table into its own file.",
  );
}
