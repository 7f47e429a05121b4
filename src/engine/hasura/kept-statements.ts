import type { Place } from "../../protocol/failure.ts";
import { textHint, type Hint } from "../../protocol/hint.ts";
import { lineAt } from "../sql/lexer.ts";
import { headOf, nameOf, statementsOf, type Statement } from "../sql/statements.ts";

/**
 * What a file leaves behind whose statements were sent one by one, outside a transaction, and of which one failed: those before
 * it are committed. Without the failing statement's place nothing is claimed but that.
 */
export function keptStatements(sql: string, place: Place | undefined): Hint[] {
  const statements = statementsOf(sql);
  if (statements.length === 0) return [];
  const failing =
    statements.length === 1
      ? statements[0]
      : statements.find((each) => place !== undefined && contains(sql, each, place));
  if (failing === undefined)
    return [
      textHint(
        `Its ${statements.length} statements are committed one by one: those before the failing one stay.`,
      ),
      ...statements.flatMap((each) => leftIndex(sql, each)),
    ];
  const number = statements.indexOf(failing) + 1;
  return [textHint(progress(sql, statements, number)), ...leftIndex(sql, failing)];
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
      ? "nothing before it"
      : failed === 2
        ? `statement 1 (${at(1)}) is committed`
        : `statements 1 to ${failed - 1} (from ${at(1)}) are committed`;
  const after = failed === count ? "" : `; the rest was not run`;
  return `Statement ${failed} of ${count} (${at(failed)}) failed; ${before}${after}. To finish: make the committed ones repeatable (IF NOT EXISTS) or delete them from the file.`;
}

/** `CREATE INDEX CONCURRENTLY` that fails leaves an invalid index of its name. */
function leftIndex(sql: string, statement: Statement): Hint[] {
  const head = headOf(statement, 4).replace(/^create unique /, "create ");
  const { tokens } = statement;
  if (/^create index concurrently/.test(head)) {
    const from = tokens.findIndex(({ text }) => text.toLowerCase() === "concurrently") + 1;
    const words = tokens.slice(from);
    const named = headIs(words, "if not exists") ? words.slice(3) : words;
    const name = qualified(sql, named);
    return name === undefined || name.toLowerCase() === "on"
      ? [textHint("An invalid index without a name of its own may be left (pg_index.indisvalid).")]
      : [textHint(`An invalid index may be left: DROP INDEX CONCURRENTLY IF EXISTS ${name};`)];
  }
  if (/^reindex /.test(head) && tokens.some(({ text }) => text.toLowerCase() === "concurrently"))
    return [
      textHint(
        'An invalid index may be left whose name ends with "_ccnew": DROP INDEX CONCURRENTLY it.',
      ),
    ];
  return [];
}

function headIs(tokens: Statement["tokens"], words: string): boolean {
  const count = words.split(" ").length;
  return (
    tokens
      .slice(0, count)
      .map(({ text }) => text.toLowerCase())
      .join(" ") === words
  );
}

/** The name as it is written: `public."Idx"`. */
function qualified(sql: string, [first, dot, second]: Statement["tokens"]): string | undefined {
  if (first === undefined || nameOf(first) === undefined) return undefined;
  const last = dot?.text === "." && second !== undefined ? second : first;
  return sql.slice(first.start, last.start + last.text.length);
}
