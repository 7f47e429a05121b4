/**
 * Splits the SQL of a `no_transaction` request exactly as the server does (its RunSQL.hs, 2026-05), including its flaws:
 * it removes comments even inside strings and dollar-quoted bodies, and ignores double quotes and E''
 * (docs/internals/hasura-protocol.md, "Statements outside a transaction").
 */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let current = "";
  let quotes: Quotes = { inString: false, tag: undefined };
  for (let at = 0; at < text.length;) {
    const afterComment = endOfComment(text, at);
    if (afterComment !== undefined) {
      at = afterComment;
    } else if (text.charAt(at) === ";" && !quotes.inString && quotes.tag === undefined) {
      statements.push(current);
      current = "";
      at += 1;
    } else {
      const token = readToken(text, at, quotes);
      current += token.text;
      at += token.length;
      quotes = token.quotes;
    }
  }
  return [...statements, current]
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}

/** What the scanner is inside of. `tag` is a dollar quote without its last character: `$` or `$body`. */
interface Quotes {
  readonly inString: boolean;
  readonly tag: string | undefined;
}

interface Token {
  /** The characters that go into the statement. */
  readonly text: string;
  /** How many characters it takes in the source. */
  readonly length: number;
  readonly quotes: Quotes;
}

/** The position after a comment that begins here. */
function endOfComment(text: string, at: number): number | undefined {
  if (text.startsWith("--", at)) {
    const end = text.indexOf("\n", at);
    return end < 0 ? text.length : end + 1;
  }
  if (!text.startsWith("/*", at)) return undefined;
  // The search for the end starts at the asterisk, so that `/*/` is a whole comment.
  const end = text.indexOf("*/", at + 1);
  return end < 0 ? text.length : end + 2;
}

/** A quote, or one other character. */
function readToken(text: string, at: number, quotes: Quotes): Token {
  const { inString, tag } = quotes;
  const character = text.charAt(at);
  if (character === "'" && tag === undefined) {
    if (text.charAt(at + 1) === "'") return { text: "''", length: 2, quotes };
    return { text: "'", length: 1, quotes: { inString: !inString, tag } };
  }
  if (character === "$" && tag !== undefined && text.startsWith(tag, at))
    return { text: `${tag}$`, length: tag.length + 1, quotes: { inString, tag: undefined } };
  const end = character === "$" && !inString ? text.indexOf("$", at + 1) : -1;
  // Without a second dollar sign there is no tag. A tag inside another body replaces that body's tag.
  if (end < 0) return { text: character, length: 1, quotes };
  const opening = text.slice(at, end + 1);
  return { text: opening, length: opening.length, quotes: { inString, tag: text.slice(at, end) } };
}
