import { Composer, isMap, Parser, type ParsedNode, type YAMLMap, type YAMLSeq } from "yaml";
import { canonicalText } from "../diff/canonical-text.ts";
import { isJsonList, isJsonMap, type Json, type JsonList, type JsonMap } from "../document/json.ts";
import type { ObjectList } from "../document/object-lists.ts";
import { edited, type Edit } from "./edits.ts";
import { insertions, removals } from "./entry-edits.ts";
import { itemNames } from "./item-names.ts";
import { SourceText } from "../document/source-text.ts";
import { MetadataFailure } from "../problem.ts";
import { ExpandedSize } from "../yaml/expanded-size.ts";
import { includeTag, type Include } from "../yaml/includes.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { toJson } from "../yaml/to-json.ts";
import { endOf, isBlock, itemsOf, NotPatchable, pairsOf } from "./yaml-entries.ts";
import { itemLines, pairLines, yamlValue } from "./yaml-text.ts";

/*
 * Changes a YAML file so that it has another value, and leaves everything else in it as it is: comments, order, indentation, quotes. Each
 * entry that differs is replaced, removed or added as lines. A value in braces or brackets is rewritten as a whole.
 */

/** The lists of objects in a value: by the key of a map, or the value itself. Their items are matched by identity. */
export interface ListsBelow {
  readonly keys?: Readonly<Record<string, ObjectList>>;
  readonly list?: ObjectList;
  /** Of a list: what has it. */
  readonly owner?: JsonMap;
}

/** What stands for other files. */
export interface Includes {
  /** The include that a node with this value is. */
  includeAt(node: ParsedNode | null, value: Json): Include | undefined;
  /** Changes the other file, or returns what replaces the include. */
  change(include: Include, change: Change, below: ListsBelow): Json | undefined;
  /** What is written for the new items of a list: the items themselves, or includes of new files. */
  newItems(items: JsonList, below: ListsBelow, siblings: readonly (ParsedNode | null)[]): Json;
}

/** A value, and the one that replaces it. */
export interface Change {
  readonly before: Json;
  readonly after: Json;
}

interface Patching {
  readonly text: string;
  readonly includes?: Includes | undefined;
}

/** Where a value is written. */
interface Spot {
  /** After the colon or the dash; absent for the value of the whole file. */
  readonly start?: number;
  /** Of the key or the dash, from 0. */
  readonly column: number;
}

/** The changed text; undefined if the file has to be rewritten as a whole. */
export function patchYaml(
  text: string,
  change: Change,
  below: ListsBelow = {},
  includes?: Includes,
): string | undefined {
  const hasCarriageReturns = text.includes("\r\n");
  const plain = hasCarriageReturns ? text.replaceAll("\r\n", "\n") : text;
  const changed = patched(plain, change, below, includes);
  if (changed === plain) return text;
  if (changed === undefined || !isAsWanted(changed, change.after)) return undefined;
  return hasCarriageReturns ? changed.replaceAll("\n", "\r\n") : changed;
}

/** False if the text cannot be read, or has another value, for instance because an alias has changed with its anchor. */
function isAsWanted(text: string, after: Json): boolean {
  try {
    const file = parseYaml(new SourceText("", text));
    if (text.includes(includeTag)) return true;
    const value = toJson(file, { origins: new WeakMap(), size: new ExpandedSize() });
    return canonicalText(value) === canonicalText(after);
  } catch (thrown) {
    if (thrown instanceof MetadataFailure) return false;
    throw thrown;
  }
}

function patched(
  text: string,
  change: Change,
  below: ListsBelow,
  includes: Includes | undefined,
): string | undefined {
  const contents = contentsOf(text);
  if (contents === undefined) return undefined;
  try {
    return edited(text, valueEdits(contents, change, below, { column: 0 }, { text, includes }));
  } catch (thrown) {
    if (thrown instanceof NotPatchable) return undefined;
    throw thrown;
  }
}

/** Undefined for a file without a value, or with an error. */
function contentsOf(text: string): ParsedNode | undefined {
  const composer = new Composer({ schema: "failsafe", uniqueKeys: false, prettyErrors: false });
  for (const { contents, errors } of composer.compose(new Parser().parse(text)))
    return errors.length > 0 ? undefined : (contents ?? undefined);
  return undefined;
}

function valueEdits(
  node: ParsedNode | null,
  change: Change,
  below: ListsBelow,
  spot: Spot,
  patching: Patching,
): Edit[] {
  const { before, after } = change;
  if (isEqual(before, after)) return [];
  const include = patching.includes?.includeAt(node, before);
  if (include !== undefined) {
    const inline = patching.includes?.change(include, change, below);
    return inline === undefined ? [] : [replacement(node, inline, spot, patching)];
  }
  return (
    blockEdits(node, change, below, spot, patching) ?? [
      replacement(node, newValue(after, below, [], patching), spot, patching),
    ]
  );
}

/** Undefined for anything but a block that stays one. */
function blockEdits(
  node: ParsedNode | null,
  { before, after }: Change,
  below: ListsBelow,
  spot: Spot,
  patching: Patching,
): Edit[] | undefined {
  if (!isBlock(node)) return undefined;
  if (isMap(node))
    return isJsonMap(before) && isJsonMap(after)
      ? mapEdits(node, { before, after }, below, spot, patching)
      : undefined;
  return isJsonList(before) && isJsonList(after)
    ? listEdits(node, { before, after }, below, spot, patching)
    : undefined;
}

function isEqual(before: Json | undefined, after: Json | undefined): boolean {
  if (before === after) return true;
  return (
    before !== undefined && after !== undefined && canonicalText(before) === canonicalText(after)
  );
}

/** A whole value; the items of a list may be written to files of their own. */
function newValue(
  value: Json,
  below: ListsBelow,
  siblings: readonly (ParsedNode | null)[],
  { includes }: Patching,
): Json {
  if (includes === undefined || !isJsonList(value)) return value;
  return includes.newItems(value, below, siblings);
}

/** Rewrites the whole value. */
function replacement(
  node: ParsedNode | null,
  value: Json,
  { start, column }: Spot,
  { text }: Patching,
): Edit {
  const { inline, lines } = yamlValue(value);
  if (start === undefined) {
    const all = inline === undefined ? lines : [inline, ...indented(lines, 2)];
    return { start: node?.range[0] ?? 0, end: endOf(node, text) ?? 0, text: all.join("\n") };
  }
  const below = indented(lines, column + 2);
  const isItem = text[start - 1] === "-";
  const [first = "", ...others] = inline === undefined ? lines : [];
  const written =
    inline !== undefined
      ? [` ${inline}`, ...below]
      : isItem
        ? [` ${first}`, ...indented(others, column + 2)]
        : ["", ...below];
  return { start, end: endOf(node, text) ?? start, text: written.join("\n") };
}

function indented(lines: readonly string[], columns: number): string[] {
  return lines.map((line) => (line === "" ? "" : " ".repeat(columns) + line));
}

function mapEdits(
  node: YAMLMap.Parsed,
  { before, after }: { readonly before: JsonMap; readonly after: JsonMap },
  below: ListsBelow,
  spot: Spot,
  patching: Patching,
): Edit[] {
  const pairs = pairsOf(node, patching.text);
  const keys = new Set(pairs.map(({ key }) => key));
  const isKept = ({ key }: { readonly key: string }): boolean => Object.hasOwn(after, key);
  if (keys.has("<<") || keys.size < pairs.length || !pairs.some(isKept))
    return [replacement(node, after, spot, patching)];
  const changed = pairs
    .filter(isKept)
    .flatMap(({ key, value, column, valueStart }) =>
      valueEdits(
        value,
        { before: before[key] ?? null, after: after[key] ?? null },
        belowKey(below, key, after),
        { start: valueStart, column },
        patching,
      ),
    );
  const order = Object.keys(after).filter(
    (key) => keys.has(key) || !isEqual(before[key], after[key]),
  );
  const written = new Map(pairs.map((pair) => [pair.key, pair]));
  return [
    ...changed,
    ...removals(pairs, isKept, patching.text),
    ...insertions(written, order, patching.text, (key) =>
      pairLines(key, newValue(after[key] ?? null, belowKey(below, key, after), [], patching)),
    ),
  ];
}

/** The lists below a key. A list below two keys, such as `definition.queries`, is known by both. */
function belowKey({ keys = {} }: ListsBelow, key: string, owner: JsonMap): ListsBelow {
  const inner = Object.entries(keys).flatMap(([path, list]): [string, ObjectList][] =>
    path.startsWith(`${key}.`) ? [[path.slice(key.length + 1), list]] : [],
  );
  const list = keys[key];
  return {
    ...(list && { list, owner }),
    ...(inner.length > 0 && { keys: Object.fromEntries(inner) }),
  };
}

function listEdits(
  node: YAMLSeq.Parsed,
  { before, after }: { readonly before: JsonList; readonly after: JsonList },
  below: ListsBelow,
  spot: Spot,
  patching: Patching,
): Edit[] {
  const { list } = below;
  const items = itemsOf(node, patching.text);
  const siblings = items.map(({ value }) => value);
  const names = itemNames(before, list);
  const wanted = itemNames(after, list);
  const kept = new Set(names.filter((name) => new Set(wanted).has(name)));
  const isSameOrder =
    wanted.filter((name) => kept.has(name)).join("\0") ===
    names.filter((name) => kept.has(name)).join("\0");
  if (items.length !== before.length || kept.size === 0 || !isSameOrder)
    return [replacement(node, newValue(after, below, siblings, patching), spot, patching)];
  const named = items.map((item, index) => ({ ...item, key: names[index] ?? "" }));
  const values = new Map(wanted.map((name, index) => [name, after[index] ?? null]));
  const changed = named.flatMap(({ key, value, column, valueStart }, index) =>
    kept.has(key)
      ? valueEdits(
          value,
          { before: before[index] ?? null, after: values.get(key) ?? null },
          { ...(list && { keys: list.lists }) },
          { start: valueStart, column },
          patching,
        )
      : [],
  );
  const written = new Map(named.map((item) => [item.key, item]));
  return [
    ...changed,
    ...removals(named, ({ key }) => kept.has(key), patching.text),
    ...insertions(written, wanted, patching.text, (key) => {
      const items = newValue([values.get(key) ?? null], below, siblings, patching);
      return isJsonList(items) ? items.flatMap(itemLines) : [];
    }),
  ];
}
