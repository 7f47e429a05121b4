import type { Place } from "../../protocol/failure.ts";

/** A line longer than this is not worth showing, and would not fit into an event. */
const longestLine = 1000;

/**
 * Where in a file an error lies, told from a token that the database quotes (`at or near "x"`): Hasura's error body has no
 * position. Answers nothing unless the token stands exactly once in the text, comments and strings included; never guesses.
 */
export function findErrorPosition(sql: string, message: string): Place | undefined {
  const token = /\bat or near "([^]*)"/.exec(message)?.[1];
  if (token === undefined || token === "") return undefined;
  const at = onlyOccurrence(sql, token);
  if (at === undefined) return undefined;
  const start =
    Math.max(sql.lastIndexOf("\n", at - 1), at === 0 ? -1 : sql.lastIndexOf("\r", at - 1)) + 1;
  const text = /^[^\r\n]*/.exec(sql.slice(at === 0 ? 0 : start))?.[0] ?? "";
  if (text.length > longestLine) return undefined;
  const line = sql.slice(0, at).split(/\r\n|\n|\r/).length;
  return { line, column: Array.from(sql.slice(at === 0 ? 0 : start, at)).length + 1, text };
}

/** The index of a token that stands once, as a whole word where it begins or ends with a word's letter. */
function onlyOccurrence(sql: string, token: string): number | undefined {
  let found: number | undefined;
  for (let at = sql.indexOf(token); at !== -1; at = sql.indexOf(token, at + 1)) {
    const inside =
      joins(sql.charAt(at - 1), token.charAt(0)) ||
      joins(token.slice(-1), sql.charAt(at + token.length));
    if (inside) continue;
    if (found !== undefined) return undefined;
    found = at;
  }
  return found;
}

function joins(left: string, right: string): boolean {
  return /[\p{L}\p{N}_$]/u.test(left) && /[\p{L}\p{N}_$]/u.test(right);
}
