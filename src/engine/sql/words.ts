import type { Token } from "./lexer.ts";

/** `name` or `schema.name`, as PostgreSQL stores them: folded to lower case unless they were quoted. */
export interface RelationPath {
  readonly schema?: string;
  readonly name: string;
}

/** The tokens of a statement, read from the left. */
export class Words {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isOver(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Skips these keywords if all of them come next. */
  skip(...keywords: readonly string[]): boolean {
    const matches = keywords.every((keyword, i) => {
      const token = this.#tokens[this.#at + i];
      return token?.kind === "word" && token.text.toUpperCase() === keyword;
    });
    if (matches) this.#at += keywords.length;
    return matches;
  }

  skipAny(...keywords: readonly string[]): boolean {
    return keywords.some((keyword) => this.skip(keyword));
  }

  /** Skips one symbol if it comes next. */
  symbol(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "symbol" || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  /** An identifier; undefined where something else comes next. */
  identifier(): string | undefined {
    const token = this.#tokens[this.#at];
    const name = token && identifierOf(token);
    if (name !== undefined) this.#at += 1;
    return name;
  }

  /** A name with more parts cannot be looked up. */
  path(): RelationPath | undefined {
    const first = this.identifier();
    if (first === undefined) return undefined;
    if (!this.symbol(".")) return { name: first };
    const second = this.identifier();
    return second === undefined || this.symbol(".") ? undefined : { schema: first, name: second };
  }

  /** Skips what stands in brackets if that comes next, and returns it. */
  bracketed(): readonly Token[] {
    const start = this.#at;
    if (!this.symbol("(")) return [];
    while (!this.isOver && !this.symbol(")")) this.#at += 1;
    return this.#tokens.slice(start, this.#at);
  }

  /** Moves behind the next comma that is not in brackets; false at the end of the statement. */
  nextItem(): boolean {
    for (let depth = 0; !this.isOver; this.#at += 1) {
      const token = this.#tokens[this.#at];
      const text = token?.kind === "symbol" ? token.text : "";
      if (text === "(" || text === "[") depth += 1;
      if (text === ")" || text === "]") depth -= 1;
      if (text === "," && depth === 0) {
        this.#at += 1;
        return true;
      }
    }
    return false;
  }
}

function identifierOf({ kind, text, closed }: Token): string | undefined {
  if (kind === "word") return text.toLowerCase();
  if (kind !== "quoted-identifier" || !closed) return undefined;
  const name = text.slice(1, -1).replaceAll('""', '"');
  return name === "" || name.includes("\0") ? undefined : name;
}
