import { posix } from "node:path";
import { isMap, isScalar, isSeq, type ParsedNode, type Scalar } from "yaml";

/** The tag, and the first word of a text that means the same. */
export const includeTag = "!include";

/** A value that stands for another file. */
export interface Include {
  readonly node: Scalar.Parsed;
  /** As it is written. */
  readonly path: string;
}

/** Every include below a node, in both spellings: `!include path`, and `"!include path"` as an export writes it. */
export function includesIn(node: ParsedNode | null): readonly Include[] {
  if (isScalar(node)) {
    const path = includedPath(node);
    return path === undefined ? [] : [{ node, path }];
  }
  if (isSeq(node)) return node.items.flatMap((item) => includesIn(item));
  if (isMap(node)) return node.items.flatMap(({ value }) => includesIn(value));
  return [];
}

/** The path of the file to include, from the project's root, for a file that includes it. */
export function includeTarget(from: string, path: string): string {
  return posix.join(posix.dirname(from), path.replaceAll("\\", "/"));
}

function includedPath({ tag, value }: Scalar.Parsed): string | undefined {
  if (typeof value !== "string") return undefined;
  return tag === includeTag ? unquoted(value) : pathInText(value);
}

/** The path in a text that stands for another file: `!include path`. */
export function pathInText(text: string): string | undefined {
  const [, path] = /^\s*!include\s+([^]*)$/.exec(text) ?? [];
  return path === undefined ? undefined : unquoted(path);
}

function unquoted(path: string): string {
  return path.trim().replace(/^"+|"+$/g, "");
}
