import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { lineStart } from "./edits.ts";

/*
 * The entries of a map or list in block style, with their positions in the text. Offsets are in UTF-16 units, columns from 0.
 */

/** Thrown where the position of an entry cannot be determined; it never leaves `patchYaml`. */
export class NotPatchable extends Error {}

interface Entry {
  readonly value: ParsedNode | null;
  /** Of the key, or of the dash. */
  readonly start: number;
  readonly column: number;
  /** After the colon or the dash. */
  readonly valueStart: number;
  /** After the last character that is not part of a comment. */
  readonly end: number;
}

export interface Pair extends Entry {
  readonly key: string;
}

export type Item = Entry;

/** True for a map or list whose entries are in lines of their own. */
export function isBlock(node: ParsedNode | null): node is YAMLMap.Parsed | YAMLSeq.Parsed {
  return (isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0;
}

/** @throws NotPatchable for a key that is not a string on one line, and for other unusual forms */
export function pairsOf(map: YAMLMap.Parsed, text: string): Pair[] {
  return map.items.map(({ key, value }) => {
    if (!isScalar(key) || key.anchor !== undefined || key.tag !== undefined)
      throw new NotPatchable();
    const [start, keyEnd] = key.range;
    const colon = /^[ \t]*:(?=[ \t\n]|$)/.exec(text.slice(keyEnd, keyEnd + 1000));
    if (colon === null || text.slice(start, keyEnd).includes("\n")) throw new NotPatchable();
    const valueStart = keyEnd + colon[0].length;
    return {
      ...{ key: key.type === "PLAIN" ? key.source : String(key.value), value, start },
      ...{ column: start - lineStart(text, start), valueStart },
      end: endOf(value, text) ?? valueStart,
    };
  });
}

/** @throws NotPatchable for an item that does not begin in the line of its dash */
export function itemsOf(list: YAMLSeq.Parsed, text: string): Item[] {
  return list.items.map((value) => {
    const line = lineStart(text, value.range[0]);
    const before = text.slice(line, value.range[0]);
    // A tag and an anchor stand between the dash and the value.
    const dash = /-[ \t]+(?:[!&][^\s]*[ \t]+)*$/.exec(before);
    const end = endOf(value, text);
    if (dash === null || end === undefined) throw new NotPatchable();
    const start = line + dash.index;
    return { value, start, column: dash.index, valueStart: start + 1, end };
  });
}

/** After the last character of a value; undefined for an empty value. */
export function endOf(node: ParsedNode | null, text: string): number | undefined {
  if (node === null) return undefined;
  if (isBlock(node)) return (isMap(node) ? pairsOf(node, text) : itemsOf(node, text)).at(-1)?.end;
  const [start, end] = node.range;
  if (!isAlias(node) && start === end) return undefined;
  return isScalar(node) && isBlockScalar(node)
    ? start + contentLength(text.slice(start, end))
    : end;
}

function isBlockScalar({ type }: Scalar.Parsed): boolean {
  return type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED";
}

/** The end of a block string, without the line feeds after it that are not part of it. */
function contentLength(written: string): number {
  const keepsLineFeeds = /^[|>][^\n]*\+/.test(written);
  return written.replace(keepsLineFeeds ? /\n$/ : /\s+$/, "").length;
}
