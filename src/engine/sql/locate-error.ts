import type { ParsedSql } from "../../sql-parser/parse-sql.ts";
import {
  candidatesAt,
  findErrorPosition,
  isAboutName,
  placeAt,
  type ErrorPosition,
  type LocatableError,
} from "./error-position.ts";
import { subjectOf } from "./error-subject.ts";
import { isComment, tokenize } from "./lexer.ts";
import { placeByName, type NamePlace } from "./place-by-name.ts";

/** Characters of a line that is shown; of a longer one only the position is. */
const longestLine = 1000;

/**
 * Finds where the database's error is, because Hasura's error body has no position: a syntax error by PostgreSQL's own parser, a name
 * by the parse tree, if only one statement can mean it. Where several can, each line is listed and none is guessed. A file that
 * the parser does not know, or that is too large for it, is searched for what the database quotes. Never rejects.
 */
export async function locateError(sql: string, error: LocatableError): Promise<ErrorPosition> {
  const parsed = await parsedAsSent(sql);
  if (parsed?.kind === "syntax-error" && isSameSyntaxError(parsed.message, error))
    return { place: shownPlace(sql, Math.min(parsed.offset, endOfSql(sql))) };
  const byText = findErrorPosition(sql, error);
  if (parsed?.kind !== "parsed" || !isAboutName(error.sqlstate ?? "")) return byText;
  const subject = subjectOf(error.message, error.sqlstate);
  return subject === undefined
    ? byText
    : positionOf(sql, placeByName(sql, parsed, subject), byText);
}

/** What the tree shows; `byText`: what the search has found. */
function positionOf(sql: string, found: NamePlace, byText: ErrorPosition): ErrorPosition {
  if (found.at !== undefined) {
    const place = shownPlace(sql, found.at);
    return found.isExact ? { place } : { place, located: "statement" };
  }
  if (found.inText && byText.place) return byText;
  const places = candidatesAt(sql, found.candidates);
  if (places.length > 0) return { places };
  // No statement can mean the name, so what runs because of one does.
  return byText.place ? { places: [byText.place] } : byText;
}

/** A semicolon on a line of its own follows a file, and is what a syntax error at its end is near. */
async function parsedAsSent(sql: string): Promise<ParsedSql | undefined> {
  try {
    const { parseSql } = await import("../../sql-parser/parse-sql.ts");
    return await parseSql(`${sql}\n;`);
  } catch {
    // The installation lacks the parser's file.
    return undefined;
  }
}

const nearToken = /^([^"]*\bat or near )"([^]*)"$/;

/** True if the server stopped where this parser did. It may speak another language, or know another grammar. */
function isSameSyntaxError(own: string, { message, sqlstate = "42601" }: LocatableError): boolean {
  if (message === own) return true;
  const [, words = "", token] = nearToken.exec(own) ?? [];
  if (sqlstate !== "42601" || token === undefined) return false;
  // A statement that was sent alone has no semicolon.
  if (token === ";" && message.endsWith("at end of input")) return true;
  // Of a text that does not end, the server repeats what followed the file as well.
  if (own.startsWith("unterminated"))
    return message.startsWith(`${words}"${token.slice(0, 40).trimEnd()}`);
  return message.endsWith(`"${token}"`) || (!message.startsWith(words) && message.includes(token));
}

/** Where the last token ends. */
function endOfSql(sql: string): number {
  let end = 0;
  for (const token of tokenize(sql))
    if (token.kind !== "space" && !isComment(token)) end = token.start + token.text.length;
  return end;
}

function shownPlace(sql: string, at: number): ReturnType<typeof placeAt> {
  const place = placeAt(sql, at);
  return place.text.length > longestLine ? { ...place, text: "" } : place;
}
