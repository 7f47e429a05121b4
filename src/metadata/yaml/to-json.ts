import { isAlias, isScalar, isSeq, type ParsedNode, type Scalar, type YAMLMap } from "yaml";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { OffsetOrigin } from "../document/offset-origin.ts";
import type { Origins } from "../document/places.ts";
import type { SourceText, Spot } from "../document/source-text.ts";
import { unreadable } from "../problem.ts";
import type { ExpandedSize } from "./expanded-size.ts";
import { includeTag } from "./includes.ts";
import type { YamlFile } from "./parse-yaml.ts";
import { plainScalar } from "./plain-scalar.ts";

export interface Conversion {
  /** Receives the position of each map and list. */
  readonly origins: Origins;
  readonly size: ExpandedSize;
  /** True for a file whose parts are moved to another place, so that each needs its own position. */
  readonly isMoved?: true;
  /** What replaces each include. An include that is not here is an error. */
  readonly included?: ReadonlyMap<ParsedNode, Json>;
}

/** A value that aliases refer to, with its size in characters. */
interface Anchored {
  readonly value: Json;
  readonly characters: number;
}

interface Converter extends Conversion {
  readonly source: SourceText;
  readonly anchors: Map<string, Anchored>;
}

/**
 * The JSON value of a YAML file (docs/internals/hasura-metadata.md, "From YAML to JSON").
 * @throws MetadataFailure for a value that JSON does not have, a key that appears twice, an unknown tag, and values that are too large
 */
export function toJson({ source, contents }: YamlFile, conversion: Conversion): Json {
  return jsonOf(contents, { ...conversion, source, anchors: new Map() });
}

function jsonOf(node: ParsedNode | null, to: Converter): Json {
  if (node === null) return null;
  const included = to.included?.get(node);
  if (included !== undefined) return included;
  const spot = { source: to.source, offset: node.range[0] };
  if (isAlias(node)) return aliased(node.source, spot, to);
  const before = to.size.characters;
  const value = isScalar(node)
    ? scalarOf(node, spot, to)
    : isSeq(node)
      ? listOf(node.items, node.tag, spot, to)
      : mapOf(node, spot, to);
  if (node.anchor !== undefined)
    to.anchors.set(node.anchor, { value, characters: to.size.characters - before });
  return value;
}

function aliased(name: string, spot: Spot, { anchors, size }: Converter): Json {
  const anchored = anchors.get(name);
  if (anchored === undefined)
    throw unreadable(spot, `The alias *${name} has no anchor &${name} before it.`);
  size.add(anchored.characters, spot);
  return anchored.value;
}

function scalarOf(node: Scalar.Parsed, spot: Spot, { size }: Converter): Json {
  const text = node.type === "PLAIN" ? node.source : String(node.value);
  size.add(text.length + 1, spot);
  if (node.tag !== undefined && node.tag !== "!") return tagged(node.tag, text, spot);
  if (node.type !== "PLAIN") return text;
  const value = plainScalar(text);
  if (value === undefined)
    throw unreadable(
      spot,
      `JSON cannot represent the number ${text}.`,
      "If it is meant as a string, put it in quotes.",
    );
  return value;
}

const standardTag = "tag:yaml.org,2002:";

/** The types whose values are texts in JSON. */
const textTags: ReadonlySet<string> = new Set(
  ["str", "binary", "timestamp"].map((type) => standardTag + type),
);

/** The types that a tag can give a scalar, as in `!!str 10`, and which values each type has. */
const scalarTypes: ReadonlyMap<string, (value: Json | undefined) => boolean> = new Map([
  [`${standardTag}int`, (value) => Number.isInteger(value)],
  [`${standardTag}float`, (value) => typeof value === "number"],
  [`${standardTag}bool`, (value) => typeof value === "boolean"],
  [`${standardTag}null`, (value) => value === null],
]);

function tagged(tag: string, text: string, spot: Spot): Json {
  if (tag === includeTag) throw misplacedInclude(spot);
  if (textTags.has(tag)) return text;
  const value = plainScalar(text);
  if (value !== undefined && scalarTypes.get(tag)?.(value) === true) return value;
  throw unreadable(spot, `The tag ${shortTag(tag)} is not supported here.`, "Remove the tag.");
}

function shortTag(tag: string): string {
  return tag.startsWith(standardTag) ? `!!${tag.slice(standardTag.length)}` : tag;
}

function misplacedInclude(spot: Spot): Error {
  return unreadable(
    spot,
    "!include has no effect here: it is supported only below tables and functions in databases/databases.yaml.",
    "Write the value itself here.",
  );
}

function refuseOtherTag(tag: string | undefined, type: "seq" | "map", spot: Spot): void {
  if (tag === undefined || tag === "!" || tag === `${standardTag}${type}`) return;
  if (tag === includeTag)
    throw unreadable(spot, "!include needs the path of a file, such as !include users.yaml.");
  throw unreadable(spot, `The tag ${shortTag(tag)} is not supported here.`, "Remove the tag.");
}

function listOf(
  items: readonly ParsedNode[],
  tag: string | undefined,
  spot: Spot,
  to: Converter,
): Json {
  refuseOtherTag(tag, "seq", spot);
  to.size.add(2, spot);
  const list = items.map((item) => jsonOf(item, to));
  const offsets = items.map(({ range }) => range[0]);
  to.origins.set(list, new OffsetOrigin(spot, offsets));
  return list;
}

function mapOf(node: YAMLMap.Parsed, spot: Spot, to: Converter): JsonMap {
  refuseOtherTag(node.tag, "map", spot);
  to.size.add(2, spot);
  const values = new Map<string, Json>();
  const spots = new Map<string, Spot>();
  const merged: (readonly [Json, Spot])[] = [];
  for (const { key, value } of node.items) {
    const at = { source: to.source, offset: key.range[0] };
    const name = keyOf(key, at, to);
    if (isMergeKey(key)) {
      merged.push([jsonOf(value, to), at]);
      continue;
    }
    if (values.has(name))
      throw unreadable(at, `The key "${name}" appears twice.`, "Remove one of them.");
    values.set(name, jsonOf(value, to));
    spots.set(name, at);
  }
  for (const [value, at] of merged) merge(value, at, { values, spots, to });
  const map = Object.fromEntries(values);
  to.origins.set(map, { ...spot, entry: (key) => spots.get(String(key)) });
  return map;
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.source === "<<" && key.tag === undefined;
}

function keyOf(key: ParsedNode, spot: Spot, to: Converter): string {
  const text = isAlias(key) ? aliased(key.source, spot, to) : isScalar(key) ? textOf(key) : null;
  if (typeof text !== "string")
    throw unreadable(spot, "A key must be a string, not a list or a mapping.");
  to.size.add(text.length + 1, spot);
  return text;
}

function textOf(key: Scalar.Parsed): string {
  return key.type === "PLAIN" ? key.source : String(key.value);
}

interface Merging {
  readonly values: Map<string, Json>;
  readonly spots: Map<string, Spot>;
  readonly to: Converter;
}

/** Adds the entries of `<<: *map` or `<<: [*a, *b]` that are not there yet. */
function merge(value: Json, spot: Spot, into: Merging): void {
  if (isJsonList(value)) {
    for (const each of value) merge(each, spot, into);
    return;
  }
  if (!isJsonMap(value))
    throw unreadable(spot, "<< needs a mapping, or a list of mappings, to merge.");
  const origin = into.to.origins.get(value);
  for (const [key, each] of Object.entries(value)) {
    if (into.values.has(key)) continue;
    into.values.set(key, each);
    into.spots.set(key, origin?.entry(key) ?? spot);
  }
}
