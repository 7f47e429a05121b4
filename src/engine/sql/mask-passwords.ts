import { isComment, tokenize, type Token } from "./lexer.ts";

const mask = "********";

/** `password=…` in a connection string, and the password in an address. */
const inConnectionString = /(\bpassword\s*=\s*)(?:'(?:[^'\\]|\\[^])*'|[^\s'";]+)/giu;
const inAddress = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/?#:@'"]{0,200}:)[^\s/?#@'"]+(?=@)/giu;

/** A password this short is not searched for elsewhere: it occurs in too many words. */
const shortestSearched = 4;

/**
 * SQL as it may be shown: what stands after PASSWORD as a literal (roles, user mappings, assignments), or in a connection string,
 * is replaced by `********`, also inside of strings, dollar quotes and comments. Every line keeps its number. A password that
 * the SQL computes is not found.
 */
export function maskPasswords(sql: string): string {
  return maskSql(sql, () => undefined);
}

/**
 * Masks a text that may repeat a part of this SQL, such as a database's error message: the passwords in the SQL, wherever they
 * stand in the text, and those that the text itself calls passwords.
 */
export function passwordMask(sql: string): (text: string) => string {
  const found = new Set<string>();
  maskSql(sql, (password) => {
    // Logs repeat it as it stands in JSON.
    const inJson = JSON.stringify(password).slice(1, -1);
    for (const spelling of [password, inJson, inJson.replaceAll(/[<>&]/g, unicodeEscape)])
      found.add(spelling);
  });
  const passwords = [...found]
    .filter(({ length }) => length >= shortestSearched)
    .toSorted((a, b) => b.length - a.length);
  return (text) => maskText(passwords.reduce(withoutWord, text), () => undefined);
}

/** As Go writes `<`, `>` and `&` in JSON. */
function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Replaces a text where it is not a part of a longer word. */
function withoutWord(text: string, word: string): string {
  const isLetter = (character: string): boolean => /[\p{L}\p{N}_]/u.test(character);
  return text
    .split(word)
    .reduce((before, after) =>
      isLetter(before.slice(-1)) || isLetter(after.slice(0, 1))
        ? before + word + after
        : before + mask + after,
    );
}

type OnPassword = (password: string) => void;

function maskSql(sql: string, onPassword: OnPassword): string {
  if (!/password|:\/\//i.test(sql)) return sql;
  let text = "";
  let awaits: "nothing" | "literal" | "more" = "nothing";
  for (const token of tokenize(sql)) {
    const isGap = token.kind === "space" || isComment(token);
    if (awaits !== "nothing" && isLiteral(token)) {
      // A literal may go on in another one after a line end.
      for (const password of contentsOf(token)) onPassword(password);
      text += `'${maskOf(token.text)}'`;
      awaits = "more";
      continue;
    }
    text += maskInside(token, onPassword);
    if (isPassword(token)) awaits = "literal";
    else if (!isGap && !(awaits === "literal" && isBetween(token))) awaits = "nothing";
  }
  return text;
}

/** The mask, with the line ends of what it stands for. */
function maskOf(hidden: string): string {
  return mask + hidden.replaceAll(/[^\r\n]/g, "");
}

/** A literal without its quotes: as it is written, as it is meant, and the parts between what is escaped. */
function contentsOf(token: Token): string[] {
  const { inner, spelling } = unquoted(token);
  if (token.kind === "dollar-string") return [inner];
  return [inner, spelling.read(inner).replaceAll("\v", "\n"), ...inner.split(/''|\\[^]/)];
}

function isPassword({ kind, text }: Token): boolean {
  const name = kind === "quoted-identifier" ? text.slice(1, -1) : text;
  return (kind === "word" || kind === "quoted-identifier") && name.toLowerCase() === "password";
}

/** Between PASSWORD and its literal: `=`, `:=`, `=>`, TO, and the prefixes of a literal (`U&'…'`, `(`, …). */
function isBetween({ kind, text }: Token): boolean {
  return kind === "symbol" ? "=:>&(".includes(text) : /^(?:to|u|n|b|x)$/i.test(text);
}

function isLiteral({ kind }: Token): boolean {
  return kind === "string" || kind === "escape-string" || kind === "dollar-string";
}

/** Quoted text and comments may hold SQL (`DO`, `EXECUTE`, what was commented out) or a connection string. */
function maskInside(token: Token, onPassword: OnPassword): string {
  const { kind, text } = token;
  if (isComment(token)) return `${text.slice(0, 2)}${maskText(text.slice(2), onPassword)}`;
  if (!isLiteral(token) && kind !== "quoted-identifier") return text;
  const { open, inner, close, spelling } = unquoted(token);
  const meant = spelling.read(inner);
  const masked = maskText(meant, onPassword);
  return masked === meant ? text : `${open}${spelling.write(masked)}${close}`;
}

/** How quoted text spells what it means. A line end that is spelled as an escape is read as `\v`, so that lines can be counted. */
interface Spelling {
  readonly read: (inner: string) => string;
  readonly write: (meant: string) => string;
}

interface Unquoted {
  readonly open: string;
  readonly inner: string;
  /** Empty where the SQL ends inside. */
  readonly close: string;
  readonly spelling: Spelling;
}

function unquoted({ kind, text, closed }: Token): Unquoted {
  const of = (open: string, ending: string, spelling: Spelling): Unquoted => {
    const close = closed ? ending : "";
    return { open, inner: text.slice(open.length, text.length - close.length), close, spelling };
  };
  if (kind === "dollar-string") {
    const tag = dollarTag.exec(text)?.[0] ?? "";
    return of(tag, tag, asWritten);
  }
  if (kind === "escape-string") return of(text.slice(0, 2), "'", escaped);
  const quote = text.slice(0, 1);
  return of(quote, quote, doubled(quote));
}

const dollarTag = /^\$[^$]*\$/;

const asWritten: Spelling = { read: (inner) => inner, write: (meant) => meant };

function doubled(quote: string): Spelling {
  return {
    read: (inner) => inner.replaceAll(quote + quote, quote),
    write: (meant) => meant.replaceAll(quote, quote + quote),
  };
}

const escaped: Spelling = {
  read: (inner) =>
    inner.replaceAll(
      /''|\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([^]))/g,
      (_, octal?: string, x?: string, short?: string, long?: string, other?: string) => {
        if (octal !== undefined) return character(octal, 8);
        const hex = x ?? short ?? long;
        if (hex !== undefined) return character(hex, 16);
        return other === undefined ? "'" : (named[other] ?? other);
      },
    ),
  write: (meant) => meant.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\v", "\\n"),
};

const named: Readonly<Record<string, string>> = { n: "\v", r: "\v", t: "\t", b: "\b", f: "\f" };

/** PostgreSQL refuses a code that stands for no character. */
function character(digits: string, base: number): string {
  const code = Number.parseInt(digits, base);
  if (code > 0x10ffff) return "";
  return String.fromCodePoint(code).replace(/[\r\n]/, "\v");
}

function maskText(text: string, onPassword: OnPassword): string {
  return maskConnection(maskSql(text, onPassword), onPassword);
}

function maskConnection(text: string, onPassword: OnPassword): string {
  const masked = (whole: string, before: string): string => {
    const password = whole.slice(before.length);
    onPassword(password.replace(/^'([^]*)'$/, "$1"));
    return before + maskOf(password);
  };
  return text.replaceAll(inConnectionString, masked).replaceAll(inAddress, masked);
}
