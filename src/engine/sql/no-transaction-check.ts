/**
 * What a Hasura server misreads in a file outside a transaction: its scanner drops `--` and block comments even inside literals, and
 * knows neither double-quoted names nor `E'\\''` (docs/internals/hasura-protocol.md, "Statements
 * outside a transaction"). Answers the line, from 1, of the first such text.
 */
export function findMisparsedLine(sql: string): number | undefined {
  for (const { text, at } of quotedTexts(sql)) {
    const first = text[0];
    const misread =
      text.includes("--") ||
      text.includes("/*") ||
      (first === '"' && /[;']/.test(text)) ||
      (/^[eE]/.test(text) && text.includes("\\'"));
    if (misread) return sql.slice(0, at).split("\n").length;
  }
  return undefined;
}

const tokens = [
  /--[^\n]*/y,
  /\/\*/y,
  /[eE]'(?:[^'\\]|\\[^]|'')*'/y,
  /'(?:[^']|'')*'/y,
  /"(?:[^"]|"")*"/y,
  /\$([\p{L}_][\p{L}\p{N}_]*)?\$[^]*?\$\1\$/uy,
  /[\p{L}_][\p{L}\p{N}_$]*/uy,
] as const;

/** Literals, dollar-quoted bodies and quoted names, outside comments. A text that does not end is left to the database. */
function* quotedTexts(sql: string): Generator<{ readonly text: string; readonly at: number }> {
  for (let at = 0; at < sql.length;) {
    const text = tokenAt(sql, at);
    if (text === "/*") at = endOfComment(sql, at);
    else {
      if (text !== undefined && /^(?:[eE]?'|"|\$)/.test(text)) yield { text, at };
      at += text?.length ?? 1;
    }
  }
}

function tokenAt(sql: string, at: number): string | undefined {
  for (const token of tokens) {
    token.lastIndex = at;
    const match = token.exec(sql);
    if (match) return match[0];
  }
  return undefined;
}

/** Block comments nest in PostgreSQL. */
function endOfComment(sql: string, start: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  for (let depth = 0, match = mark.exec(sql); match; match = mark.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}
