/** What a token is. `symbol` is any other single character, `space` a run of white space. */
export type TokenKind =
  | "space"
  | "line-comment"
  | "block-comment"
  | "string"
  /** `E'…'`, in which a backslash escapes. */
  | "escape-string"
  | "dollar-string"
  | "quoted-identifier"
  | "word"
  | "symbol";

export interface Token {
  readonly kind: TokenKind;
  /** The token as it is written, with its quotes. */
  readonly text: string;
  /** Index of its first character. */
  readonly start: number;
  /** False for a comment or quoted text that the file ends inside; it then reaches to the end of the file. */
  readonly closed: boolean;
}

/**
 * Splits SQL into tokens as PostgreSQL does with `standard_conforming_strings` on: block comments nest, and nothing inside
 * quotes is a comment. The texts of all tokens joined are the SQL. Never throws.
 */
export function* tokenize(sql: string): Generator<Token> {
  for (let start = 0; start < sql.length;) {
    const [kind, end] = tokenAt(sql, start);
    const stop = end ?? sql.length;
    yield { kind, text: sql.slice(start, stop), start, closed: end !== undefined };
    start = stop;
  }
}

/** A comment or quoted text that the SQL ends inside. */
export type Unfinished = Pick<Token, "kind" | "start">;

/**
 * The comment or quoted text that the SQL ends inside, if there is one. `backslashes`: they escape in plain strings, as with
 * `standard_conforming_strings` off. Examines only characters that can open one, so that large files are fast.
 */
export function findUnfinished(
  sql: string,
  { backslashes = false }: { readonly backslashes?: boolean } = {},
): Unfinished | undefined {
  const opening = /--|\/\*|['"$]/g;
  let last = 0;
  for (let match = opening.exec(sql); match; match = opening.exec(sql)) {
    const start = openingAt(sql, match.index, last);
    if (start === undefined) continue;
    const [kind, ownEnd] = tokenAt(sql, start);
    const end = kind === "string" && backslashes ? endOfEscapeString(sql, start + 1) : ownEnd;
    if (end === undefined) return { kind, start };
    opening.lastIndex = last = end;
  }
  return undefined;
}

/** Where the token begins whose quote or mark is at `index`; undefined for a dollar sign in the middle of a word. */
function openingAt(sql: string, index: number, last: number): number | undefined {
  const isInWord = (at: number): boolean => at > last && partOfWord.test(sql.charAt(at - 1));
  if (sql.charAt(index) === "$") return isInWord(index) ? undefined : index;
  const isEscape = /^[eE]'$/.test(sql.slice(index - 1, index + 1)) && index > last;
  return isEscape && !isInWord(index - 1) ? index - 1 : index;
}

/** The SQL with a space in place of each comment. */
export function withoutComments(sql: string): string {
  let text = "";
  for (const token of tokenize(sql)) text += isComment(token) ? " " : token.text;
  return text;
}

export function isComment({ kind }: Token): boolean {
  return kind === "line-comment" || kind === "block-comment";
}

/** The line that a character is in, from 1. LF, CR and CRLF each end a line. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split(/\r\n|\n|\r/).length;
}

// As in PostgreSQL's scan.l: every character beyond ASCII is a letter, also one that is white space in Unicode.
const space = /[ \t\n\r\f\v]+/y;
const word = /[A-Za-z_\u0080-\u{10FFFF}][A-Za-z0-9_$\u0080-\u{10FFFF}]*/uy;
const dollarQuote = /\$(?:[A-Za-z_\u0080-\u{10FFFF}][A-Za-z0-9_\u0080-\u{10FFFF}]*)?\$/uy;
const partOfWord = /[A-Za-z0-9_$\u0080-\uffff]/;

/** The kind of the token that starts here, and where it ends; no end where the file ends inside it. */
function tokenAt(sql: string, start: number): readonly [TokenKind, number | undefined] {
  const two = sql.slice(start, start + 2);
  if (two === "--") return ["line-comment", endOfLine(sql, start)];
  if (two === "/*") return ["block-comment", endOfBlockComment(sql, start)];
  if (two === "E'" || two === "e'") return ["escape-string", endOfEscapeString(sql, start + 2)];
  if (two.startsWith("'")) return ["string", endOfQuoted(sql, start + 1, "'")];
  if (two.startsWith('"')) return ["quoted-identifier", endOfQuoted(sql, start + 1, '"')];
  const tag = matchAt(dollarQuote, sql, start);
  if (tag !== undefined) return ["dollar-string", endOfDollarString(sql, start, tag)];
  const blank = matchAt(space, sql, start);
  if (blank !== undefined) return ["space", start + blank.length];
  const name = matchAt(word, sql, start);
  return name === undefined ? ["symbol", start + 1] : ["word", start + name.length];
}

function matchAt(pattern: RegExp, sql: string, start: number): string | undefined {
  pattern.lastIndex = start;
  return pattern.exec(sql)?.[0];
}

function endOfLine(sql: string, start: number): number {
  const lineEnd = /[\n\r]/g;
  lineEnd.lastIndex = start;
  return lineEnd.exec(sql)?.index ?? sql.length;
}

function endOfBlockComment(sql: string, start: number): number | undefined {
  const bracket = /\/\*|\*\//g;
  bracket.lastIndex = start;
  let depth = 0;
  for (let match = bracket.exec(sql); match; match = bracket.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return bracket.lastIndex;
  }
  return undefined;
}

/** A doubled quote is one character of the text. */
function endOfQuoted(sql: string, from: number, quote: string): number | undefined {
  for (let end = sql.indexOf(quote, from); end !== -1; end = sql.indexOf(quote, end + 2)) {
    if (sql.charAt(end + 1) !== quote) return end + 1;
  }
  return undefined;
}

function endOfEscapeString(sql: string, from: number): number | undefined {
  const next = /\\[^]|''|'/g;
  next.lastIndex = from;
  for (let match = next.exec(sql); match; match = next.exec(sql)) {
    if (match[0] === "'") return next.lastIndex;
  }
  return undefined;
}

function endOfDollarString(sql: string, start: number, tag: string): number | undefined {
  const end = sql.indexOf(tag, start + tag.length);
  return end === -1 ? undefined : end + tag.length;
}
