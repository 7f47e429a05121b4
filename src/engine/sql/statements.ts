import { isComment, tokenize, type Token } from "./lexer.ts";

/** One statement of a file. */
export interface Statement {
  /** Index of its first character that is neither white space nor comment. */
  readonly start: number;
  /** Index after its semicolon, or the end of the file. */
  readonly end: number;
  /** Its words in lower case, and its other tokens as they are written; no white space and no comments. */
  readonly tokens: readonly Token[];
}

/** The statements of a file, by the semicolons outside quotes and comments. Bodies of `BEGIN ATOMIC` are split, too. */
export function statementsOf(sql: string): Statement[] {
  const statements: Statement[] = [];
  let tokens: Token[] = [];
  const finish = (end: number): void => {
    const [first] = tokens;
    if (first) statements.push({ start: first.start, end, tokens });
    tokens = [];
  };
  for (const token of tokenize(sql)) {
    if (token.kind === "space" || isComment(token)) continue;
    if (token.text === ";") finish(token.start + 1);
    else tokens.push(token);
  }
  finish(sql.length);
  return statements;
}

/** The first words of a statement, in lower case: `create index concurrently`. */
export function headOf({ tokens }: Statement, count: number): string {
  return tokens
    .slice(0, count)
    .map(({ text }) => text.toLowerCase())
    .join(" ");
}

/** The name that an identifier stands for: folded to lower case, in ASCII only, unless it is quoted. */
export function nameOf({ kind, text }: Token): string | undefined {
  if (kind === "word") return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return kind === "quoted-identifier" ? text.slice(1, -1).replaceAll('""', '"') : undefined;
}
