import { isComment, lineAt, tokenize, type Token } from "../../engine/sql/lexer.ts";
import { nameOf } from "../../engine/sql/statements.ts";
import type { LoadedFile } from "../run/run-file.ts";

/** A place where a migration installs an extension. */
export interface RequiredExtension {
  readonly name: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** The extensions that files install, also in DO blocks and in the bodies of functions. */
export function requiredExtensions(files: readonly LoadedFile[]): RequiredExtension[] {
  return files.flatMap(({ path, body: { sql } }) =>
    /\bextension\b/i.test(sql)
      ? extensionsIn(sql).map(({ name, at }) => ({ name, file: path, line: lineAt(sql, at) }))
      : [],
  );
}

interface Found {
  readonly name: string;
  readonly at: number;
}

function extensionsIn(sql: string, offset = 0): Found[] {
  const tokens = [...tokenize(sql)].filter((token) => token.kind !== "space" && !isComment(token));
  return tokens.flatMap((token, i) => {
    if (token.kind === "dollar-string") return insideOf(token, offset);
    if (!isWord(token, "create") || !isWord(tokens[i + 1], "extension")) return [];
    const named = tokens
      .slice(i + 2)
      .find((each) => !["if", "not", "exists"].some((word) => isWord(each, word)));
    const name = named && nameOf(named);
    return name === undefined ? [] : [{ name, at: offset + token.start }];
  });
}

function insideOf({ text, start, closed }: Token, offset: number): Found[] {
  const tag = /^\$[^$]*\$/.exec(text)?.[0] ?? "";
  const body = text.slice(tag.length, closed ? -tag.length : undefined);
  return extensionsIn(body, offset + start + tag.length);
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toLowerCase() === word;
}
