import type { ParsedStatement } from "../../sql-parser/parse-sql.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { SourceKind } from "../hasura/client.ts";
import { hasPostgresSyntax } from "../hasura/source-kinds.ts";
import { isComment, lineAt, tokenize } from "../sql/lexer.ts";
import { outsideTransaction, transactionWord } from "../sql/outside-transaction.ts";
import { headOf, statementsOf, type Statement } from "../sql/statements.ts";

/** What keeps a seed from being run in one transaction. `start`: where it begins. */
interface Obstacle {
  readonly start: number;
  /** Completes "line 3: …". */
  readonly problem: string;
  readonly advice: string;
}

/**
 * Refuses a seed that cannot be run in one transaction with its record: one with a command of psql, with data for COPY, with
 * transaction statements of its own, or with a statement that PostgreSQL refuses in a transaction. Syntax errors are left to the
 * database. Throws `usage/seed-not-transactional`.
 */
export async function refuseOwnTransaction(
  sql: string,
  file: string,
  kind: SourceKind,
): Promise<void> {
  if (!hasPostgresSyntax(kind)) return;
  const obstacle = psqlCommand(sql) ?? copyData(sql) ?? (await transactionStatement(sql));
  if (obstacle === undefined) return;
  const { start, problem, advice } = obstacle;
  throw new Failure(
    "usage",
    "seed-not-transactional",
    `${file}, line ${String(lineAt(sql, start))}: ${problem}; nothing was run.`,
    { hints: [textHint(advice)] },
  );
}

const writeInserts =
  "Write the rows as INSERT statements; pg_dump does that with --data-only --rows-per-insert=100.";

/** SQL has no backslash outside of quotes and comments. */
function psqlCommand(sql: string): Obstacle | undefined {
  for (const token of tokenize(sql)) {
    if (token.kind === "space" || isComment(token) || !token.text.startsWith("\\")) continue;
    const name = /^\\\S*/.exec(sql.slice(token.start, token.start + 40))?.[0] ?? token.text;
    return {
      start: token.start,
      problem: `${name} is a command of psql, not SQL`,
      advice: writeInserts,
    };
  }
  return undefined;
}

function copyData(sql: string): Obstacle | undefined {
  if (!/\bfrom\s+stdin\b/i.test(sql)) return undefined;
  const copy = statementsOf(sql).find(
    (statement) => headOf(statement, 1) === "copy" && /\bfrom stdin\b/.test(wordsOf(statement)),
  );
  return (
    copy && {
      start: copy.start,
      problem: "COPY … FROM STDIN needs rows from the client, which Hasura cannot send",
      advice: writeInserts,
    }
  );
}

function wordsOf(statement: Statement): string {
  return headOf(statement, statement.tokens.length);
}

async function transactionStatement(sql: string): Promise<Obstacle | undefined> {
  const { parseSql } = await import("../../sql-parser/parse-sql.ts");
  const parsed = await parseSql(sql);
  if (parsed.kind === "parsed")
    return parsed.statements.map(obstacleOf).find((obstacle) => obstacle !== undefined);
  // Too large for the parser, or not SQL.
  return byFirstWords(statementsOf(sql));
}

function obstacleOf({ node, start }: ParsedStatement): Obstacle | undefined {
  const word = transactionWord(node);
  if (word !== undefined) return ownTransaction(start, word);
  const outside = outsideTransaction(node);
  return outside === undefined ? undefined : notInTransaction(start, outside);
}

function ownTransaction(start: number, word: string): Obstacle {
  return {
    start,
    problem: `${word} would end or change the transaction that a seed runs in`,
    advice: "Remove it: each seed is already run in its own transaction.",
  };
}

function notInTransaction(start: number, statement: string): Obstacle {
  return {
    start,
    problem: `${statement} cannot run in a transaction, and each seed is run in one`,
    advice: "Remove it, or put it into a migration whose first line is -- hasura:no-transaction.",
  };
}

/** Bodies of functions in standard SQL, from BEGIN ATOMIC to END, consist of statements themselves. */
function byFirstWords(statements: readonly Statement[]): Obstacle | undefined {
  let isBody = false;
  for (const statement of statements) {
    const head = headOf(statement, 3);
    if (isBody) isBody = !/^end\b/.test(head);
    else if (/^create\b/.test(head)) isBody = /\bbegin atomic\b/.test(wordsOf(statement));
    else {
      const [word] =
        /^(begin|start transaction|commit|end|rollback(?! to| work to| transaction to)|abort|prepare transaction)\b/.exec(
          head,
        ) ?? [];
      if (word !== undefined) return ownTransaction(statement.start, word.toUpperCase());
      const [outside] =
        /^(vacuum|create database|drop database|alter system|create tablespace|drop tablespace)\b/.exec(
          head,
        ) ?? [];
      if (outside !== undefined) return notInTransaction(statement.start, outside.toUpperCase());
    }
  }
  return undefined;
}
