import { lineAt, tokenize, type Token } from "./lexer.ts";

/**
 * Finds text that a Hasura server misreads in a file that runs outside a transaction: its scanner drops comments even inside
 * quotes, and handles neither quoted identifiers nor `E'\\''` (docs/internals/hasura-protocol.md,
 * "Statements outside a transaction"). Returns the line of the first such text, from 1. Text that the file ends inside is left to
 * the database.
 */
export function findMisparsedLine(sql: string): number | undefined {
  for (const token of tokenize(sql)) {
    if (token.closed && isMisparsed(token)) return lineAt(sql, token.start);
  }
  return undefined;
}

function isMisparsed({ kind, text }: Token): boolean {
  switch (kind) {
    case "quoted-identifier":
      return hasCommentMark(text) || /[;']/.test(text);
    case "escape-string":
      return hasCommentMark(text) || text.includes("\\'");
    case "string":
    case "dollar-string":
      return hasCommentMark(text);
    default:
      return false;
  }
}

function hasCommentMark(text: string): boolean {
  return text.includes("--") || text.includes("/*");
}
