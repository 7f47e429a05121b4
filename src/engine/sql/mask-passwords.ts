import { isComment, tokenize, type Token } from "./lexer.ts";

const mask = "********";

/** `password=…` in a connection string, and the password in an address. */
const inConnectionString = /(\bpassword\s*=\s*)(?:'(?:[^'\\]|\\[^])*'|[^\s'";]+)/giu;
const inAddress = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/?#:@'"]{0,200}:)[^\s/?#@'"]+(?=@)/giu;

/**
 * SQL as it may be shown: what stands after PASSWORD as a literal (roles, user mappings, assignments), or in a connection string,
 * is replaced by `********`, also inside of strings, dollar quotes and comments. A password that the SQL computes is not found.
 */
export function maskPasswords(sql: string): string {
  if (!/password|:\/\//i.test(sql)) return sql;
  let text = "";
  let awaits: "nothing" | "literal" | "more" = "nothing";
  for (const token of tokenize(sql)) {
    const isGap = token.kind === "space" || isComment(token);
    if (awaits !== "nothing" && isLiteral(token)) {
      // A literal may go on in another one after a line end.
      text += `'${mask}'`;
      awaits = "more";
      continue;
    }
    text += maskInside(token);
    if (isPassword(token)) awaits = "literal";
    else if (!isGap && !(awaits === "literal" && isBetween(token))) awaits = "nothing";
  }
  return text;
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

/** Strings and comments may hold SQL (`DO`, `EXECUTE`, what was commented out) or a connection string. */
function maskInside(token: Token): string {
  const { kind, text } = token;
  if (kind === "string" && token.closed) {
    const inner = text.slice(1, -1).replaceAll("''", "'");
    const masked = maskText(inner);
    return masked === inner ? text : `'${masked.replaceAll("'", "''")}'`;
  }
  if (kind === "dollar-string" && token.closed) {
    const tag = /^\$[^$]*\$/.exec(text)?.[0] ?? "";
    return `${tag}${maskText(text.slice(tag.length, -tag.length))}${tag}`;
  }
  if (isComment(token)) {
    const start = text.slice(0, 2);
    return `${start}${maskText(text.slice(2))}`;
  }
  return kind === "escape-string" ? maskConnection(text) : text;
}

function maskText(text: string): string {
  return maskConnection(maskPasswords(text));
}

function maskConnection(text: string): string {
  return text.replaceAll(inConnectionString, `$1${mask}`).replaceAll(inAddress, `$1${mask}`);
}
