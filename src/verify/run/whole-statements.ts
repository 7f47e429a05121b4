import type { Token } from "../../engine/sql/lexer.ts";
import { statementsOf, type Statement } from "../../engine/sql/statements.ts";

/**
 * The statements of a file as the server counts them: the semicolons inside `BEGIN ATOMIC … END` and inside the brackets of a rule do
 * not end one.
 */
export function wholeStatements(sql: string): Statement[] {
  const whole: Statement[] = [];
  let open: Statement | undefined;
  for (const statement of statementsOf(sql)) {
    const joined: Statement =
      open === undefined
        ? statement
        : {
            start: open.start,
            end: statement.end,
            tokens: [...open.tokens, ...statement.tokens],
          };
    open = isOpen(joined) ? joined : undefined;
    if (open === undefined) whole.push(joined);
  }
  return open === undefined ? whole : [...whole, open];
}

function isOpen({ tokens }: Statement): boolean {
  return bracketsLeft(tokens) > 0 || blocksLeft(tokens) > 0;
}

function bracketsLeft(tokens: readonly Token[]): number {
  const symbols = tokens.filter(({ kind }) => kind === "symbol").map(({ text }) => text);
  const count = (symbol: string): number => symbols.filter((each) => each === symbol).length;
  return count("(") - count(")");
}

/** `BEGIN ATOMIC`, and each CASE in it, has an END. */
function blocksLeft(tokens: readonly Token[]): number {
  const words = tokens.map(({ kind, text }) => (kind === "word" ? text.toLowerCase() : text));
  let blocks = 0;
  for (const [i, word] of words.entries()) {
    const opens = word === "atomic" ? words[i - 1] === "begin" : word === "case" && blocks > 0;
    if (opens) blocks += 1;
    else if (word === "end" && blocks > 0) blocks -= 1;
  }
  return blocks;
}
