import { isJsonList, isJsonMap, type Json, type JsonList, type JsonMap } from "../document/json.ts";
import { yamlBlock, yamlString } from "./yaml-string.ts";

/** A value in YAML's block style, as it is written after a key or a dash. */
export interface YamlValue {
  /** What is written on the line of the key or dash; absent for a map or list with entries. */
  readonly inline?: string;
  /** The lines below: an entry of a map or list, or a line of a string with several lines. */
  readonly lines: readonly string[];
}

/** A file with one value. */
export function yamlFile(value: Json): string {
  const { inline, lines } = yamlValue(value);
  const all = inline === undefined ? lines : [inline, ...lines.map(indented)];
  return `${all.join("\n")}\n`;
}

export function yamlValue(value: Json): YamlValue {
  if (isJsonList(value)) return listValue(value);
  if (isJsonMap(value)) return mapValue(value);
  if (typeof value !== "string") return { inline: JSON.stringify(value), lines: [] };
  const block = yamlBlock(value);
  return block
    ? { inline: block.header, lines: block.lines }
    : { inline: yamlString(value), lines: [] };
}

function mapValue(map: JsonMap): YamlValue {
  const entries = Object.entries(map);
  if (entries.length === 0) return { inline: "{}", lines: [] };
  return { lines: entries.flatMap(([key, value]) => pairLines(key, value)) };
}

function listValue(list: JsonList): YamlValue {
  if (list.length === 0) return { inline: "[]", lines: [] };
  return { lines: list.flatMap(itemLines) };
}

/** A key with its value. */
export function pairLines(key: string, value: Json): string[] {
  const { inline, lines } = yamlValue(value);
  const first = inline === undefined ? `${yamlString(key)}:` : `${yamlString(key)}: ${inline}`;
  return [first, ...lines.map(indented)];
}

/** An item of a list, with its dash. */
export function itemLines(value: Json): string[] {
  const { inline, lines } = yamlValue(value);
  const [first = "", ...others] = inline === undefined ? lines : [inline, ...lines];
  return [`- ${first}`, ...others.map(indented)];
}

/** An empty line has no indentation. */
function indented(line: string): string {
  return line === "" ? "" : `  ${line}`;
}
