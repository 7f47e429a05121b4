import { isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import type { Origin } from "../document/places.ts";
import { placeOf, type SourceText, type Spot } from "../document/source-text.ts";
import { parseJson } from "../json/parse-json.ts";
import { MetadataFailure, unreadable, type MetadataProblem } from "../problem.ts";
import { yamlValue } from "../yaml/read-value.ts";
import { partOf, refuseOtherShape, type Part, type Reading } from "./part.ts";
import { readSource } from "./read-text.ts";

/**
 * Reads the metadata of a project that has it in one file, by the file's path from the project's root. It is sent as it is, so the file's
 * own version determines its form (docs/internals/hasura-metadata.md, "Configuration and modes").
 * @throws MetadataFailure for a file that does not exist or cannot be read
 */
export async function readSingleFile(path: string, reading: Reading): Promise<Part> {
  if (!/\.(json|yaml)$/.test(path))
    throw missing(`metadata_file in config.yaml must end in .json or .yaml: ${path}.`);
  const source = await readSource(path, reading.files);
  if (source === undefined)
    throw missing(`The file that metadata_file in config.yaml names does not exist: ${path}.`);
  const value = parsedValue(source, reading);
  const start = { source, offset: 0 };
  refuseOtherShape(value, "map", start);
  const document = isJsonMap(value) ? value : {};
  const origin = reading.origins.get(document);
  const spotOf = (key: string): Spot => origin?.entry(key) ?? start;
  refuseAnswer(document, spotOf);
  return partOf(entriesOf(Object.entries(document), origin), incomplete(document, spotOf));
}

/** A file with the answer of `export_metadata` would be compared as metadata without any objects. */
function refuseAnswer(document: JsonMap, spotOf: (key: string) => Spot): void {
  if (document["version"] !== undefined || !isJsonMap(document["metadata"] ?? null)) return;
  throw unreadable(
    spotOf("metadata"),
    "The file contains Hasura's response to export_metadata, and the metadata is only a part of it.",
    "Keep only the value of the key metadata.",
  );
}

/** The list that Hasura needs in metadata of each version. */
const neededLists = new Map<Json | undefined, string>([
  [2, "tables"],
  [3, "sources"],
]);

function incomplete(document: JsonMap, spotOf: (key: string) => Spot): MetadataProblem[] {
  const { version } = document;
  const list = neededLists.get(version);
  const problem = (message: string, key: string, advice: string): MetadataProblem[] => [
    {
      severity: "error",
      code: "metadata-incomplete",
      message,
      place: placeOf(spotOf(key)),
      advice,
    },
  ];
  if (list === undefined) {
    const advice =
      "Use version 3 for metadata with sources, and version 2 for metadata with only tables.";
    return version === undefined
      ? problem("The metadata has no version.", "version", advice)
      : problem(`The version must be 3 or 2, not ${JSON.stringify(version)}.`, "version", advice);
  }
  const value = document[list] ?? null;
  if (value !== null) refuseOtherShape(value, "list", spotOf(list));
  return value === null
    ? problem(
        `Metadata of version ${JSON.stringify(version)} needs the key ${list}.`,
        list,
        "Add it; its list may be empty.",
      )
    : [];
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
