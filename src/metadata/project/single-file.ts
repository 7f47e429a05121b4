import { isJsonMap, type Json } from "../document/json.ts";
import type { Origin } from "../document/places.ts";
import type { SourceText } from "../document/source-text.ts";
import { parseJson } from "../json/parse-json.ts";
import { MetadataFailure } from "../problem.ts";
import { yamlValue } from "../yaml/read-value.ts";
import { partOf, refuseOtherShape, type Part, type Reading } from "./part.ts";
import { readSource } from "./read-text.ts";

/**
 * Reads the metadata of a project that has it in one file, by the file's path from the project's root. It is sent as it is.
 * @throws MetadataFailure for a file that does not exist or cannot be read
 */
export async function readSingleFile(path: string, reading: Reading): Promise<Part> {
  if (!/\.(json|yaml)$/.test(path))
    throw missing(`metadata_file in config.yaml must end in .json or .yaml: ${path}.`);
  const source = await readSource(path, reading.files);
  if (source === undefined)
    throw missing(`The file of metadata_file in config.yaml does not exist: ${path}.`);
  const value = parsedValue(source, reading);
  refuseOtherShape(value, "map", { source, offset: 0 });
  const origin = isJsonMap(value) ? reading.origins.get(value) : undefined;
  return partOf(isJsonMap(value) ? entriesOf(Object.entries(value), origin) : []);
}

function parsedValue(source: SourceText, { origins, size }: Reading): Json {
  return source.path.endsWith(".json")
    ? parseJson(source, origins)
    : yamlValue(source, { origins, size }).value;
}

function entriesOf(
  entries: readonly (readonly [string, Json])[],
  origin: Origin | undefined,
): Part["entries"] {
  return entries.map(([key, value]) => {
    const spot = origin?.entry(key);
    return { key, value, ...(spot && { spot }) };
  });
}

function missing(message: string): MetadataFailure {
  return new MetadataFailure({
    severity: "error",
    code: "metadata-unreadable",
    message,
    advice: "Correct the path in config.yaml.",
  });
}
