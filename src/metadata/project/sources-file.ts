import { isMap, isScalar, isSeq, type ParsedNode } from "yaml";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import type { JsonPath } from "../document/places.ts";
import type { SourceText, Spot } from "../document/source-text.ts";
import { unreadable, type MetadataProblem } from "../problem.ts";
import { readYaml } from "../yaml/read-value.ts";
import { toJson } from "../yaml/to-json.ts";
import { readIncludes, readPlainIncludes } from "./include-files.ts";
import { partOf, refuseOtherShape, type Part, type Reading } from "./part.ts";
import { readSource } from "./read-text.ts";

const path = "databases/databases.yaml";

/**
 * Reads databases.yaml of config version 3 with everything that it includes.
 * @throws MetadataFailure for a file that cannot be read
 */
export async function readSources(reading: Reading): Promise<Part> {
  const { layout, files } = reading;
  const source = await readSource(`${layout.directory}/${path}`, files);
  if (source === undefined) return { exists: false, entries: [], problems: [missing(reading)] };
  const value = await wholeValue(source, reading);
  const spot = { source, offset: 0 };
  return partOf([{ key: "sources", value: sourcesOf(value, spot, reading), spot }]);
}

async function wholeValue(source: SourceText, reading: Reading): Promise<Json> {
  const { origins, size } = reading;
  const read = readYaml(source, { origins, size });
  if ("value" in read) return readPlainIncludes(read.value, source, mayInclude, reading);
  const included = await readIncludes(read.file, placesOfIncludes(read.file.contents), reading);
  return toJson(read.file, { origins, size, included });
}

/** Includes have an effect only in the tables and functions of each source. */
const mayInclude = ([, key]: JsonPath): boolean => key === "tables" || key === "functions";

/** The same for the nodes of the YAML library. */
function placesOfIncludes(contents: ParsedNode | null): ParsedNode[] {
  if (!isSeq(contents)) return [];
  return contents.items.flatMap((source) =>
    isMap(source)
      ? source.items.flatMap(({ key, value }) =>
          isScalar(key) && (key.source === "tables" || key.source === "functions") && value !== null
            ? [value]
            : [],
        )
      : [],
  );
}

function sourcesOf(value: Json, spot: Spot, reading: Reading): Json {
  if (value === null) return [];
  refuseOtherShape(value, "list", spot);
  if (!isJsonList(value)) return [];
  const { origins } = reading;
  const at = origins.get(value);
  const sources = value.map((source, index) => sourceOf(source, at?.entry(index) ?? spot, reading));
  if (at) origins.set(sources, at);
  return sources;
}

/** A source with the keys that the Hasura CLI always writes. */
function sourceOf(value: Json, spot: Spot, { origins }: Reading): JsonMap {
  if (!isJsonMap(value))
    throw unreadable(
      spot,
      "A source must be a mapping with keys such as name, kind and configuration.",
      "!include is supported only below tables and functions of a source.",
    );
  const source: JsonMap = {
    ...{ name: "", kind: "", configuration: null, tables: null },
    ...value,
  };
  const origin = origins.get(value);
  if (origin) origins.set(source, origin);
  return source;
}

function missing({ layout }: Reading): MetadataProblem {
  return {
    severity: "error",
    code: "metadata-incomplete",
    message: `The metadata has no sources: there is no ${layout.directory}/${path}.`,
    advice: "For a project without databases, create it with [] as its only line.",
  };
}
