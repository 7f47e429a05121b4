import type { Place } from "../../protocol/failure.ts";
import { isComment, lineAt, tokenize, type Token } from "./lexer.ts";
import { headOf, nameOf, statementsOf } from "./statements.ts";

/** Characters of a line that is shown; a longer one would not fit into an event. */
const longestLine = 1000;
/** The same where several lines are listed. */
const longestListedLine = 200;
/** Maximum number of places listed; more would not help. */
const mostPlaces = 10;

/** The search stops after this many occurrences, so that a dump of 40 MB is not read to its end for lines nobody will see. */
const mostOccurrences = 200;

/** Where an error can be: one position, or every candidate line. */
export interface ErrorPosition {
  readonly place?: Place;
  readonly places?: Place[];
  /** `place` is where the failing statement begins. */
  readonly located?: "statement";
}

/** The parts of the database's error that help to find its position. */
export interface LocatableError {
  readonly message: string;
  readonly sqlstate?: string | undefined;
}

/**
 * Finds the place of an error by what the database quotes, because Hasura's error body has no position: the token of a syntax
 * error, or the name of what is missing, exists already or is violated. Comments are left out, bodies of functions are searched.
 * Where it stands several times every line is listed; none is guessed.
 */
export function findErrorPosition(sql: string, error: LocatableError): ErrorPosition {
  const found = occurrencesOf(sql, error);
  const [first, ...others] = found;
  if (first === undefined) return {};
  if (others.length > 0) return { places: candidatesAt(sql, found) };
  const place = placeAt(sql, first);
  return place.text.length > longestLine ? {} : { place };
}

/** The lines of these characters, each once. */
export function candidatesAt(sql: string, found: readonly number[]): Place[] {
  const lines = new Map<number, Place>();
  for (const at of found) {
    const place = placeAt(sql, at);
    if (!lines.has(place.line))
      lines.set(place.line, {
        ...place,
        text: Array.from(place.text).slice(0, longestListedLine).join(""),
      });
    if (lines.size === mostPlaces) break;
  }
  return [...lines.values()];
}

/** Indexes of what the message quotes, in the file's order. */
function occurrencesOf(sql: string, { message, sqlstate = "" }: LocatableError): number[] {
  const near = /\bat or near "([^]*)"/.exec(message)?.[1];
  if (near !== undefined) return near === "" ? [] : occurrencesOfToken(sql, near);
  const value = /^invalid input .*: "([^]*)"$/.exec(message)?.[1];
  if (value !== undefined) return occurrencesOfString(sql, value);
  if (!isAboutName(sqlstate)) return [];
  const name = subjectOf(message);
  return name === undefined ? [] : occurrencesOfName(sql, name, message);
}

/** Other errors refer to a name in the file only if they report a conflict with the schema or a constraint. */
export function isAboutName(sqlstate: string): boolean {
  return sqlstate === "" || /^(42|23|3F|3D|2B|55|0A)/.test(sqlstate);
}

/** A syntax error is never in a comment; no operator contains a backslash, so that the first one is what stopped the parser. */
function occurrencesOfToken(sql: string, token: string): number[] {
  const hidden = commentsAndStrings(sql);
  const found: number[] = [];
  let around = hidden.next().value;
  for (let at = sql.indexOf(token); at !== -1; at = sql.indexOf(token, at + 1)) {
    while (around && endOf(around) <= at) around = hidden.next().value;
    if (isInside(around, at) || isPartOfWord(sql, at, token)) continue;
    found.push(at);
    if (token.startsWith("\\") || found.length === mostOccurrences) break;
  }
  return found;
}

function* commentsAndStrings(sql: string): Generator<Token, undefined> {
  for (const token of tokenize(sql)) if (isComment(token) || isString(token)) yield token;
  return undefined;
}

function isString({ kind, closed }: Token): boolean {
  return closed && (kind === "string" || kind === "escape-string");
}

function endOf({ start, text }: Token): number {
  return start + text.length;
}

/** A string can be the token itself; a comment never is. */
function isInside(token: Token | undefined, at: number): boolean {
  if (token === undefined) return false;
  return (isComment(token) ? token.start <= at : token.start < at) && at < endOf(token);
}

function isPartOfWord(sql: string, at: number, token: string): boolean {
  return (
    joins(sql.charAt(at - 1), token.charAt(0)) ||
    joins(token.slice(-1), sql.charAt(at + token.length))
  );
}

function joins(left: string, right: string): boolean {
  return /[\p{L}\p{N}_$]/u.test(left) && /[\p{L}\p{N}_$]/u.test(right);
}

const kinds =
  "relation|table|view|materialized view|foreign table|index|sequence|type|domain|column|constraint|check constraint|unique constraint|foreign key constraint|not-null constraint|schema|function|procedure|aggregate|role|extension|trigger|rule|policy|operator class|language|database|collation|tablespace|publication|subscription|server|parameter|cursor|statement|savepoint|conversion|event trigger|access method|enum label|label";
const quoted = new RegExp(`\\b(?:${kinds}) "([^"]+)"`);
const unquoted = /\b(?:column|function|procedure|aggregate) ([\p{L}_][\p{L}\p{N}_$.]*)/u;

/** The name that the message is about: the first one of a kind that it names. */
function subjectOf(message: string): string | undefined {
  return quoted.exec(message)?.[1] ?? unquoted.exec(message)?.[1];
}

interface Found {
  readonly token: Token;
  /** Index in the file. */
  readonly at: number;
}

/** Every identifier of this name; the last part of a qualified one, after the others where they are written. */
function occurrencesOfName(sql: string, name: string, message: string): number[] {
  const wanted = namesIn(name);
  const found: number[] = [];
  for (const { token, at } of identifiers(sql)) {
    if (wanted.has(nameOf(token) ?? "")) found.push(at);
    if (found.length === mostOccurrences) break;
  }
  if (found.length < 2 || !message.includes("already exists")) return found;
  // What exists already can only be reported by a statement that makes something.
  const makers = statementsOf(sql).filter((statement) =>
    /^(create|alter|do|select|comment)$/.test(headOf(statement, 1)),
  );
  const narrowed = found.filter((at) => makers.some(({ start, end }) => start <= at && at < end));
  return narrowed.length > 0 ? narrowed : found;
}

/** A name with dots may be qualified, or may contain them. */
function namesIn(name: string): ReadonlySet<string> {
  return new Set([name, name.slice(name.lastIndexOf(".") + 1)]);
}

/** Identifiers outside comments and strings, those in the bodies of functions included. */
function* identifiers(sql: string, offset = 0): Generator<Found> {
  for (const token of tokenize(sql)) {
    const at = offset + token.start;
    if (token.kind === "word" || token.kind === "quoted-identifier") yield { token, at };
    if (token.kind !== "dollar-string") continue;
    const tag = /^\$[^$]*\$/.exec(token.text)?.[0] ?? "";
    const body = token.text.slice(tag.length, token.closed ? -tag.length : undefined);
    yield* identifiers(body, at + tag.length);
  }
}

function occurrencesOfString(sql: string, value: string): number[] {
  const written = `'${value.replaceAll("'", "''")}'`;
  return [...tokenize(sql)].flatMap(({ kind, text, start }) =>
    kind === "string" && text === written ? [start] : [],
  );
}

/** The position and the whole line of a character. */
export function placeAt(sql: string, at: number): Place {
  const start =
    at === 0 ? 0 : Math.max(sql.lastIndexOf("\n", at - 1), sql.lastIndexOf("\r", at - 1)) + 1;
  const text = /^[^\r\n]*/.exec(sql.slice(start))?.[0] ?? "";
  return { line: lineAt(sql, at), column: Array.from(sql.slice(start, at)).length + 1, text };
}
