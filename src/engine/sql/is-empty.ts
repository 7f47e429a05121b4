import { isComment, tokenize } from "./lexer.ts";

/**
 * True if SQL has no statement: only white space, comments and lone semicolons. Hasura answers such a text with an error
 * (EmptyQuery; docs/internals/hasura-protocol.md, "Errors"). A comment that never ends is not empty, so that the database reports it.
 */
export function isEmptySql(sql: string): boolean {
  for (const token of tokenize(sql)) {
    const empty = token.kind === "space" || token.text === ";" || isComment(token);
    if (!empty || !token.closed) return false;
  }
  return true;
}

/** The notice for a migration without a statement: it is recorded, and nothing is sent. */
export function emptyFileNotices(sql: string): readonly string[] {
  return isEmptySql(sql) ? ["nothing to send: the file has no statement"] : [];
}
