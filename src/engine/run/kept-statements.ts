import type { Place } from "../../protocol/failure.ts";
import { lineAt } from "../sql/lexer.ts";
import { statementsOf, type Statement } from "../sql/statements.ts";

/** Where a file failed whose statements were sent one by one, outside a transaction. */
export interface FailedAt {
  /** The statement that failed, as Hasura repeats it: without its comments. */
  readonly statement?: string | undefined;
  readonly place?: Place | undefined;
}

/** What such a file leaves in effect. */
export interface KeptStatements {
  /** A sentence. Where the failing statement is not known, it claims only that those before it are committed. */
  readonly text: string;
  /** The statements that may have run: up to the failing one, or all. */
  readonly reached: readonly Statement[];
}

/** Undefined for a file without statements. */
export function keptStatements(sql: string, at: FailedAt): KeptStatements | undefined {
  const statements = statementsOf(sql);
  const count = statements.length;
  if (count === 0) return undefined;
  const number = failingNumber(sql, statements, at);
  if (number === undefined)
    return {
      text: `Its ${count} statements are committed one by one, so those before the failing one remain in effect.`,
      reached: statements,
    };
  return { text: progress(sql, statements, number), reached: statements.slice(0, number) };
}

/** Counted from 1; undefined where it can be one of several. */
function failingNumber(
  sql: string,
  statements: readonly Statement[],
  { statement, place }: FailedAt,
): number | undefined {
  if (statements.length === 1) return 1;
  const indexes = [...statements.keys()];
  const text = statement === undefined ? undefined : wordsOf(statementsOf(statement)[0]);
  const same = text === undefined ? [] : indexes.filter((i) => wordsOf(statements[i]) === text);
  const candidates = same.length > 0 ? same : indexes;
  const [first] = candidates;
  if (candidates.length === 1 && first !== undefined) return first + 1;
  const placed = candidates.find((i) => {
    const each = statements[i];
    return each !== undefined && place !== undefined && contains(sql, each, place);
  });
  return placed === undefined ? undefined : placed + 1;
}

function wordsOf(statement: Statement | undefined): string | undefined {
  return statement?.tokens.map(({ text }) => text).join(" ");
}

function contains(sql: string, { start, end }: Statement, { line, column }: Place): boolean {
  const startLine = lineAt(sql, start);
  const endLine = lineAt(sql, Math.max(start, end - 1));
  if (line < startLine || line > endLine) return false;
  return (
    (line > startLine || column >= columnAt(sql, start)) &&
    (line < endLine || column <= columnAt(sql, end - 1))
  );
}

function columnAt(sql: string, at: number): number {
  const before = sql.slice(0, at);
  const start = Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1;
  return Array.from(before.slice(start)).length + 1;
}

function progress(sql: string, statements: readonly Statement[], failed: number): string {
  const at = (number: number): string => {
    const statement = statements[number - 1];
    return statement === undefined ? "" : `line ${lineAt(sql, statement.start)}`;
  };
  const count = statements.length;
  const before =
    failed === 1
      ? "nothing was committed before it"
      : failed === 2
        ? `statement 1 (${at(1)}) is committed`
        : `statements 1 to ${failed - 1} (from ${at(1)}) are committed`;
  const after = failed === count ? "" : `; the rest was not run`;
  const next =
    failed === 1
      ? ""
      : " To finish: make the committed ones repeatable (IF NOT EXISTS) or delete them from the file.";
  return `Statement ${failed} of ${count} (${at(failed)}) failed; ${before}${after}.${next}`;
}
