import type { Place } from "../../protocol/failure.ts";
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

/** Longest line that is shown, in characters; for a longer one only the position is shown. */
const longestLine = 1000;

/**
 * Finds the position of the database's error, because Hasura's error body has none: a syntax error with PostgreSQL's own parser, a name
 * with the parse tree, if only one statement can refer to it. If several can, all their lines are listed. A file that the parser
 * cannot parse, or that is too large for it, is searched for the text that the database quotes. If nothing is found in a file with only
 * one statement, its beginning is the position. Never rejects.
 */
export async function locateError(sql: string, error: LocatableError): Promise<ErrorPosition> {
  const parsed = await parsedAsSent(sql);
  if (parsed?.kind === "syntax-error" && isSameSyntaxError(parsed.message, error))
    return { place: shownPlace(sql, Math.min(parsed.offset, endOfSql(sql))) };
  const byText = findErrorPosition(sql, error);
  if (parsed?.kind !== "parsed") return byText;
  const found = positionByName(sql, parsed, { error, byText });
  if (found.place !== undefined || found.places !== undefined) return found;
  const [only, second] = parsed.statements;
  const isOfOnly = only !== undefined && second === undefined && isOfStatement(error);
  return isOfOnly ? { place: shownPlace(sql, only.start), located: "statement" } : found;
}

function positionByName(
  sql: string,
  parsed: Extract<ParsedSql, { kind: "parsed" }>,
  { error, byText }: { readonly error: LocatableError; readonly byText: ErrorPosition },
): ErrorPosition {
  if (!isAboutName(error.sqlstate ?? "")) return byText;
  const subject = subjectOf(error.message, error.sqlstate);
  return subject === undefined
    ? byText
    : positionOf(sql, placeByName(sql, parsed, subject), byText);
}

/** The position of an error in a file if it is known which of its statements failed, counted from 0. */
export async function locateInStatement(
  sql: string,
  index: number,
  error: LocatableError,
): Promise<ErrorPosition> {
  const parsed = await parsedAsSent(sql);
  const statement = parsed?.kind === "parsed" ? parsed.statements[index] : undefined;
  if (statement === undefined) return {};
  const { start, end } = statement;
  const blank = (text: string): string => text.replaceAll(/[^\r\n]/gu, " ");
  const alone = blank(sql.slice(0, start)) + sql.slice(start, end) + blank(sql.slice(end));
  const { place, located } = await locateError(alone, error);
  if (place === undefined || located !== undefined)
    return { place: shownPlace(sql, start), located: "statement" };
  return { place: shownPlace(sql, indexOf(alone, place)) };
}

/** The index in the file of a place that `placeAt` has found. */
function indexOf(sql: string, { line, column }: Place): number {
  const start = [...sql.matchAll(/\r\n|\n|\r/g)][line - 2];
  const from = start === undefined ? 0 : start.index + start[0].length;
  return (
    from +
    Array.from(sql.slice(from))
      .slice(0, column - 1)
      .join("").length
  );
}

/** False for errors that a connection, a limit of the server, an administrator or the ledger causes. */
export function isOfStatement({ sqlstate = "" }: LocatableError): boolean {
  return sqlstate !== "" && !/^(?:08|25P|40|53|57|58|F0|HM|XX)/.test(sqlstate);
}

/** The position according to the parse tree; `byText`: the result of the text search. */
function positionOf(sql: string, found: NamePlace, byText: ErrorPosition): ErrorPosition {
  if (found.at !== undefined) {
    const place = shownPlace(sql, found.at);
    return found.isExact ? { place } : { place, located: "statement" };
  }
  if (found.inText && byText.place) return byText;
  const places = candidatesAt(sql, found.candidates);
  if (places.length > 0) return { places };
  // No statement can refer to the name, so it is used by code that a statement calls.
  return byText.place ? { places: [byText.place] } : byText;
}

/** A semicolon on its own line follows a file; a syntax error at the end of the file is reported near it. */
async function parsedAsSent(sql: string): Promise<ParsedSql | undefined> {
  try {
    const { parseSql } = await import("../../sql-parser/parse-sql.ts");
    return await parseSql(`${sql}\n;`);
  } catch {
    // The parser's file is missing from the installation.
    return undefined;
  }
}

const nearToken = /^([^"]*\bat or near )"([^]*)"$/;

/** True if the server reports the same position as this parser. Its messages may be in another language, and its grammar may differ. */
function isSameSyntaxError(own: string, { message, sqlstate = "42601" }: LocatableError): boolean {
  if (message === own) return true;
  const [, words = "", token] = nearToken.exec(own) ?? [];
  if (sqlstate !== "42601" || token === undefined) return false;
  // A statement that was sent alone has no semicolon.
  if (token === ";" && message.endsWith("at end of input")) return true;
  // For an unterminated string, the server also repeats the text that follows the file.
  if (own.startsWith("unterminated"))
    return message.startsWith(`${words}"${token.slice(0, 40).trimEnd()}`);
  return message.endsWith(`"${token}"`) || (!message.startsWith(words) && message.includes(token));
}

/** The end of the last token. */
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
