import type { ParsedNode } from "yaml";
import { isJsonList, isJsonMap, type Json } from "../document/json.ts";
import { spotOf, type JsonPath } from "../document/places.ts";
import type { SourceText, Spot } from "../document/source-text.ts";
import { unreadable } from "../problem.ts";
import { includesIn, includeTag, includeTarget, pathInText } from "../yaml/includes.ts";
import type { YamlFile } from "../yaml/parse-yaml.ts";
import { readYaml } from "../yaml/read-value.ts";
import { toJson } from "../yaml/to-json.ts";
import type { Reading } from "./part.ts";
import { readSource } from "./read-text.ts";

/** A file that was included, with the size of its value. */
interface Included {
  readonly value: Json;
  readonly characters: number;
}

/** The includes that lead to a file; paths are from the project's root. */
interface Way {
  readonly reading: Reading;
  /** The files that are being read: each includes the next. */
  readonly open: readonly string[];
  readonly known: Map<string, Included>;
}

/**
 * What each include below the nodes stands for, with the includes in those files. Paths are relative to the file that has them.
 * @throws MetadataFailure for an include that is missing, empty, circular, outside of the project, or not a .yaml file
 */
export async function readIncludes(
  file: YamlFile,
  nodes: readonly (ParsedNode | null)[],
  reading: Reading,
): Promise<ReadonlyMap<ParsedNode, Json>> {
  return includedIn(file, nodes, { reading, open: [file.source.path], known: new Map() });
}

async function includedIn(
  { source }: YamlFile,
  nodes: readonly (ParsedNode | null)[],
  way: Way,
): Promise<ReadonlyMap<ParsedNode, Json>> {
  const values = new Map<ParsedNode, Json>();
  if (!source.text.includes(includeTag)) return values;
  for (const include of nodes.flatMap(includesIn)) {
    const spot = { source, offset: include.node.range[0] };
    values.set(include.node, await readInclude(pathOf(include.path, spot, way), spot, way));
  }
  return values;
}

/** The path from the project's root. */
function pathOf(path: string, spot: Spot, { reading }: Way): string {
  if (path === "")
    throw unreadable(spot, "!include needs the path of a file, such as !include users.yaml.");
  const whole = includeTarget(spot.source.path, path);
  if (whole.startsWith("../") && !whole.startsWith(`${reading.layout.directory}/`))
    throw unreadable(spot, `The file to include is outside the project: ${path}.`);
  if (!whole.endsWith(".yaml"))
    throw unreadable(
      spot,
      `!include supports only files that end in .yaml, not ${path}.`,
      "Rename the file.",
    );
  return whole;
}

async function readInclude(path: string, spot: Spot, way: Way): Promise<Json> {
  const { reading, open, known } = way;
  const { size } = reading;
  const before = known.get(path);
  if (before !== undefined) {
    size.add(before.characters, spot);
    return before.value;
  }
  if (open.includes(path))
    throw unreadable(
      spot,
      `Circular include: ${[...open.slice(open.indexOf(path)), path].join(" → ")}.`,
    );
  const start = size.characters;
  const value = await readValue(path, spot, { ...way, open: [...open, path] });
  known.set(path, { value, characters: size.characters - start });
  return value;
}

async function readValue(path: string, spot: Spot, way: Way): Promise<Json> {
  const source = await readSource(path, way.reading.files);
  if (source === undefined)
    throw unreadable(
      spot,
      `The file to include does not exist: ${path}.`,
      "File names are case-sensitive on most systems.",
    );
  const value = await includedValue(source, way);
  if (value !== null) return value;
  throw unreadable({ source, offset: 0 }, "This included file is empty.", "Write [] in it.");
}

async function includedValue(source: SourceText, way: Way): Promise<Json> {
  const { origins, size } = way.reading;
  const read = readYaml(source, { origins, size });
  if ("value" in read) return inPlace(read.value, source, () => true, way);
  const included = await includedIn(read.file, [read.file.contents], way);
  return toJson(read.file, { origins, size, included });
}

/**
 * The value of a plain file, in which the content of the included files replaces the includes, where `mayInclude` allows them.
 * @throws MetadataFailure as `readIncludes` does
 */
export async function readPlainIncludes(
  value: Json,
  source: SourceText,
  mayInclude: (path: JsonPath) => boolean,
  reading: Reading,
): Promise<Json> {
  return inPlace(value, source, mayInclude, { reading, open: [source.path], known: new Map() });
}

async function inPlace(
  value: Json,
  source: SourceText,
  mayInclude: (path: JsonPath) => boolean,
  way: Way,
): Promise<Json> {
  if (!source.text.includes(includeTag)) return value;
  const { origins } = way.reading;
  const resolved = async (each: Json, path: JsonPath): Promise<Json> => {
    if (typeof each === "string") {
      const included = mayInclude(path) ? pathInText(each) : undefined;
      if (included === undefined) return each;
      const spot = { source, offset: includeAfter(spotOf(value, path, origins)?.offset, source) };
      return readInclude(pathOf(included, spot, way), spot, way);
    }
    if (isJsonList(each)) {
      const items: Json[] = [];
      for (const [i, item] of each.entries()) items.push(await resolved(item, [...path, i]));
      return items;
    }
    if (!isJsonMap(each)) return each;
    const entries: [string, Json][] = [];
    for (const [key, inner] of Object.entries(each))
      entries.push([key, await resolved(inner, [...path, key])]);
    return Object.fromEntries(entries);
  };
  const whole = await resolved(value, []);
  const origin = typeof value === "object" && value !== null ? origins.get(value) : undefined;
  if (origin && typeof whole === "object" && whole !== null) origins.set(whole, origin);
  return whole;
}

/** The quote before the next include. */
function includeAfter(offset = 0, { text }: SourceText): number {
  return Math.max(offset, text.indexOf(includeTag, offset) - 1);
}
