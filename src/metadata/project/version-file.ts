import { isJsonMap, type Json } from "../document/json.ts";
import { placeOf, type Spot } from "../document/source-text.ts";
import { unreadable, type MetadataProblem } from "../problem.ts";
import { partOf, refuseOtherShape, type Part, type Reading } from "./part.ts";
import { readYamlFile } from "./read-yaml-file.ts";

const path = "version.yaml";
const advice = "It must contain: version: 3";

/**
 * Reads version.yaml of config version 3. Hasura refuses metadata of any version but 3 there.
 * @throws MetadataFailure for a file that cannot be read
 */
export async function readVersion(reading: Reading): Promise<Part> {
  const found = await readYamlFile(path, reading);
  if (found === undefined)
    return {
      exists: false,
      entries: [{ key: "version", value: null }],
      problems: [missing(reading)],
    };
  const { source, value } = found;
  const origin = isJsonMap(value) ? reading.origins.get(value) : undefined;
  const spot = origin?.entry("version") ?? { source, offset: 0 };
  const version = versionIn(value, spot);
  return partOf(
    [{ key: "version", value: version, spot }],
    version === 3 ? [] : [otherVersion(version, spot)],
  );
}

function versionIn(value: Json, spot: Spot): number {
  if (value === null) return 0;
  refuseOtherShape(value, "map", spot);
  const version = isJsonMap(value) ? (value["version"] ?? 0) : 0;
  if (typeof version === "number" && Number.isInteger(version)) return version;
  throw unreadable(spot, "The version must be a number.", advice);
}

function missing({ layout }: Reading): MetadataProblem {
  return {
    severity: "error",
    code: "metadata-incomplete",
    message: `The metadata has no version: there is no ${layout.directory}/${path}.`,
    advice,
  };
}

function otherVersion(version: number, spot: Spot): MetadataProblem {
  return {
    severity: "error",
    code: "metadata-incomplete",
    message: `The metadata has the version ${String(version)}, but a project with config version 3 needs 3.`,
    place: placeOf(spot),
    advice,
  };
}
