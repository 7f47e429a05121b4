import type { Node, ParseResult } from "@pgsql/types";
import { byteIndex, characterIndex } from "./byte-index.ts";
import { readParserFile } from "./parser-file.ts";
import { type ParserInstance, startParser } from "./parser-instance.ts";

/** SQL that is longer, in bytes of UTF-8, is not parsed: 3 MB need three seconds and 300 MB of memory. */
export const mostBytes = 1_000_000;

/** Bytes of memory above which the parser is started again after a text; it starts with 134 MB, most of which is unused. */
const mostMemoryKept = 256 * 1024 * 1024;

export interface ParsedStatement {
  /** PostgreSQL's parse tree. Locations in it count bytes: `indexOf` of the result translates them. */
  readonly node: Node;
  /** Index of its first character, after comments and white space. */
  readonly start: number;
  /** Index behind its last character, without the semicolon. The last statement may end with a comment. */
  readonly end: number;
}

export type ParsedSql =
  | {
      readonly kind: "parsed";
      readonly statements: readonly ParsedStatement[];
      /** The index in the text of a location in a parse tree. */
      readonly indexOf: (location: number) => number;
    }
  /** PostgreSQL's syntax error; `offset` is the index of the character that it refers to. */
  | { readonly kind: "syntax-error"; readonly message: string; readonly offset: number }
  | { readonly kind: "too-large"; readonly bytes: number }
  /** The parser failed: it ran out of memory or stack. */
  | { readonly kind: "failed"; readonly message: string };

/**
 * Parses SQL as PostgreSQL 18 does, with `standard_conforming_strings` on. Nothing is run and no name is looked up. A byte order mark at
 * the beginning is ignored. Text without a statement gives an empty list. Never rejects because of the SQL.
 * @throws {Error} when the parser's file is missing from the installation
 */
export async function parseSql(text: string): Promise<ParsedSql> {
  const sql = text.replace(/^\uFEFF/, " ");
  const bytes = new TextEncoder().encode(sql);
  if (bytes.length > mostBytes) return { kind: "too-large", bytes: bytes.length };
  // A C string would end there, and what follows would be run without having been parsed.
  const nul = sql.indexOf("\0");
  if (nul !== -1)
    return { kind: "syntax-error", message: "the text contains a NUL character", offset: nul };
  const parser = await started();
  try {
    const parsed = parsedBy(parser, sql, bytes);
    // WebAssembly memory can only grow.
    if (parser.memory() > mostMemoryKept) instance = undefined;
    return parsed;
  } catch (thrown) {
    instance = undefined;
    return { kind: "failed", message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function parsedBy(parser: ParserInstance, sql: string, bytes: Uint8Array): ParsedSql {
  const answer = parser.parse(bytes);
  if ("error" in answer) {
    const { message, position } = answer.error;
    return { kind: "syntax-error", message, offset: characterIndex(sql, position) };
  }
  const indexOf = byteIndex(sql);
  const tree: unknown = JSON.parse(answer.tree);
  const statements = (isParseResult(tree) ? (tree.stmts ?? []) : []).flatMap(
    ({ stmt, stmt_location: from = 0, stmt_len: length = 0 }) => {
      if (stmt === undefined) return [];
      // The last statement has no length if no semicolon ends it.
      const end = length === 0 ? sql.length : indexOf(from + length);
      const start = indexOf(from);
      return [{ node: stmt, start, end: start + sql.slice(start, end).trimEnd().length }];
    },
  );
  return { kind: "parsed", statements, indexOf };
}

/** PostgreSQL wrote the tree, and the types are generated from the same description. */
function isParseResult(tree: unknown): tree is ParseResult {
  return typeof tree === "object" && tree !== null && "version" in tree;
}

let module: Promise<WebAssembly.Module> | undefined;
let instance: ParserInstance | undefined;

/** The file is read and compiled once, when it is first needed; after a failure the parser is started again. */
async function started(): Promise<ParserInstance> {
  module ??= readParserFile().then((bytes) => WebAssembly.compile(new Uint8Array(bytes)));
  const compiled = await module;
  return (instance ??= startParser(compiled));
}
