import { isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { unreadable } from "../problem.ts";
import type { LayoutFile } from "./layout-files.ts";
import { noPart, partOf, refuseOtherShape, type Part, type Reading } from "./part.ts";
import { readYamlFile } from "./read-yaml-file.ts";

/**
 * Reads one of the files that become a key of the document as they are.
 * @throws MetadataFailure for one that cannot be read or has another shape
 */
export async function readListedFile(file: LayoutFile, reading: Reading): Promise<Part> {
  const { path, key, shape, whenEmpty, mustHaveContent = false, leftOutWhenBlank = false } = file;
  const found = await readYamlFile(path, reading);
  if (found === undefined) return noPart;
  const { source, value, isBlank } = found;
  const spot = { source, offset: 0 };
  if (mustHaveContent && isBlank)
    throw unreadable(spot, "The file is empty.", "Write [] in it, or remove the file.");
  if (value === null) return partOf(whenEmpty ? [{ key, value: whenEmpty, spot }] : []);
  refuseOtherShape(value, shape, spot);
  if (leftOutWhenBlank && isWithoutContent(value)) return partOf([]);
  return partOf([{ key, value: withDefaults(value, whenEmpty, reading), spot }]);
}

function isWithoutContent(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** A map with the keys that an empty file would have, where it lacks them. */
function withDefaults(value: Json, defaults: LayoutFile["whenEmpty"], { origins }: Reading): Json {
  if (!isJsonMap(value) || !isJsonMap(defaults)) return value;
  const missing = Object.entries(defaults).filter(([key]) => (value[key] ?? null) === null);
  if (missing.length === 0) return value;
  const whole: JsonMap = { ...value, ...Object.fromEntries(missing) };
  const origin = origins.get(value);
  if (origin) origins.set(whole, origin);
  return whole;
}
