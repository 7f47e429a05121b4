import type { Place } from "../../protocol/failure.ts";
import { lineAt } from "./lexer.ts";

/** Characters of a line that is shown; a longer one would not fit into an event. */
const longestLine = 1000;

/**
 * Finds the place of an error by the token that the database quotes (`at or near "x"`), because Hasura's error body has no
 * position. Undefined unless the token occurs exactly once in the file, comments and strings included.
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
  const column = Array.from(sql.slice(at === 0 ? 0 : start, at)).length + 1;
  return { line: lineAt(sql, at), column, text };
}

/** The index of a token that occurs once. Where it begins or ends with a letter it must not be a part of a longer word. */
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
