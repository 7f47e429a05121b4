/**
 * True when a text holds no statement: white space, `--` comments, nested block comments and lone semicolons.
 * Hasura answers such a text with an error (EmptyQuery; docs/internals/hasura-protocol.md,
 * "Errors"). A comment that never ends is not blank:
 * the database shall say so.
 */
export function isEmptySql(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    if (/[\s;]/.test(text.charAt(at))) at += 1;
    else if (text.startsWith("--", at)) at = endOfLine(text, at);
    else if (text.startsWith("/*", at)) {
      const end = endOfBlock(text, at);
      if (end === undefined) return false;
      at = end;
    } else return false;
  }
  return true;
}

function endOfLine(text: string, from: number): number {
  const rest = /[\n\r]/g;
  rest.lastIndex = from;
  return rest.exec(text)?.index ?? text.length;
}

function endOfBlock(text: string, from: number): number | undefined {
  const bracket = /\/\*|\*\//g;
  bracket.lastIndex = from;
  let depth = 0;
  for (let match = bracket.exec(text); match; match = bracket.exec(text)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return bracket.lastIndex;
  }
  return undefined;
}

/** What a run says of a migration whose file holds no statement: it is recorded, and nothing was sent. */
export function emptyFileNotices(sql: string): readonly string[] {
  return isEmptySql(sql) ? ["nothing to send: the file holds no statement"] : [];
}
