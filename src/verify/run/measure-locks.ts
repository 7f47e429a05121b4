import type { SqlFailure } from "../../protocol/failure.ts";
import type { MeasuredLock, StatementLocks } from "../../protocol/verification.ts";
import { lineAt } from "../../engine/sql/lexer.ts";
import { maskPasswords } from "../../engine/sql/mask-passwords.ts";
import type { Statement } from "../../engine/sql/statements.ts";
import { splitStatements } from "../../local/hasura-api/split-statements.ts";
import { failureInFile, placeInStatement, send, type LoadedFile } from "./run-file.ts";
import { strongest, tableLocks, TableFiles, type TableLocks } from "./table-locks.ts";
import { wholeStatements } from "./whole-statements.ts";
import type { Workbench } from "./workbench.ts";

export interface MeasuredRun {
  readonly failure: SqlFailure | undefined;
  readonly locks: readonly StatementLocks[];
}

/** How much of a statement is reported, in characters. */
const longestStatement = 120;

/**
 * Runs an up file one statement after the other, and observes from another session which existing tables each statement locks and
 * rewrites. In a transaction this is reliable, because locks are held until its end. Outside a transaction, only locks that are seen
 * while the statement is running are found, so a very short lock may be missed.
 */
export async function measureLocks(bench: Workbench, file: LoadedFile): Promise<MeasuredRun> {
  const { noTransaction } = file.body.directives;
  bench.willRun(file);
  const tables = await TableFiles.of(bench.observer);
  const measured = noTransaction
    ? await outside(bench, file, tables)
    : await inTransaction(bench, file, tables);
  await bench.client.query("DISCARD ALL");
  return measured;
}

async function inTransaction(
  { client, observer }: Workbench,
  file: LoadedFile,
  tables: TableFiles,
): Promise<MeasuredRun> {
  const { sql } = file.body;
  const locks: StatementLocks[] = [];
  await send(client, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  let held: TableLocks = new Map();
  for (const statement of wholeStatements(sql)) {
    const error = await send(client, sql.slice(statement.start, statement.end));
    if (error !== undefined) {
      await send(client, "ROLLBACK");
      const place = placeInStatement(sql, statement.start, error);
      return { failure: failureInFile(file, error, place), locks };
    }
    const now = await tableLocks(observer, client);
    const rewritten = await tables.rewritten(client);
    // A lock that was already held is not reported, unless the table was rewritten under it.
    const news = [...now].filter(
      ([table, mode]) => held.get(table) !== mode || rewritten.has(table),
    );
    held = now;
    locks.push(...reported(sql, statement, tables.named(new Map(news), rewritten)));
  }
  const error = await send(client, "COMMIT");
  return { failure: error && failureInFile(file, error, undefined), locks };
}

async function outside(
  { client, observer }: Workbench,
  file: LoadedFile,
  tables: TableFiles,
): Promise<MeasuredRun> {
  const { sql } = file.body;
  const statements = splitStatements(sql);
  const written = wholeStatements(sql);
  const locks: StatementLocks[] = [];
  for (const [number, text] of statements.entries()) {
    // The two ways of splitting differ where the server's misreads quotes.
    const statement = written.length === statements.length ? written[number] : undefined;
    const running = { ended: false };
    const outcome = send(client, text).finally(() => (running.ended = true));
    // A failure is handled below, after what is still being read.
    outcome.catch(() => undefined);
    let seen: TableLocks = new Map();
    while (!running.ended) seen = strongest(seen, await tableLocks(observer, client));
    const error = await outcome;
    if (error !== undefined) {
      await send(client, "ROLLBACK");
      const place = statement && placeInStatement(sql, statement.start, {});
      return { failure: failureInFile(file, error, place), locks };
    }
    if (statement)
      locks.push(...reported(sql, statement, tables.named(seen, await tables.rewritten(client))));
  }
  return { failure: undefined, locks };
}

/** Empty for a statement that locks no existing table. */
function reported(
  sql: string,
  { start, end }: Pick<Statement, "start" | "end">,
  locks: readonly MeasuredLock[],
): StatementLocks[] {
  if (locks.length === 0) return [];
  const words = maskPasswords(sql.slice(start, end)).replace(/\s+/g, " ").trim();
  const characters = Array.from(words);
  const statement =
    characters.length <= longestStatement
      ? words
      : `${characters.slice(0, longestStatement - 1).join("")}…`;
  return [{ line: lineAt(sql, start), statement, locks }];
}
