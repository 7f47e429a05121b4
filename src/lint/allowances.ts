import { readAllowance } from "../engine/project/directives.ts";
import { tokenize } from "../engine/sql/lexer.ts";

/** `-- hasura-migrate: allow RULE because REASON` */
export interface Allowance {
  readonly rules: readonly string[];
  /** Absent for a directive that is not complete. */
  readonly reason?: string;
  /** Index of its comment. */
  readonly start: number;
  /** The statement it is about, by its number from 0; all of them if it stands before the first. */
  readonly statement: number | "all";
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const directive = /^--\s*hasura-migrate:\s*allow\b(.*)$/s;

/**
 * The directives of a file. One before the first statement applies to the whole file; one after a statement in the same line applies to that
 * statement, any other to the next.
 */
export function allowancesIn(text: string, statements: readonly Span[]): Allowance[] {
  if (!text.includes("hasura-migrate:")) return [];
  const found: Allowance[] = [];
  for (const { kind, text: comment, start } of tokenize(text)) {
    const [, words] = (kind === "line-comment" && directive.exec(comment.trimEnd())) || [];
    if (words !== undefined)
      found.push({
        ...readAllowance(words),
        start,
        statement: statementAt(text, start, statements),
      });
  }
  return found;
}

/** What may be between a statement, without its semicolon, and a comment on the same line. */
const sameLine = /^(?:\s*;)?(?:[^\S\n\r]|\/\*[^\n\r]*?\*\/)*$/;

function statementAt(text: string, at: number, statements: readonly Span[]): number | "all" {
  const first = statements[0];
  if (first === undefined || at < first.start) return "all";
  const before = statements.findLastIndex(({ end }) => end <= at);
  const end = statements[before]?.end;
  if (end !== undefined && sameLine.test(text.slice(end, at))) return before;
  // Inside a statement, or before the next one.
  return before + 1;
}
