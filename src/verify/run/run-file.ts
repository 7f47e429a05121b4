import type pg from "pg";
import type { Place, SqlFailure } from "../../protocol/failure.ts";
import type { MigrationBody } from "../../engine/project/migration-file.ts";
import { placeAt } from "../../engine/sql/error-position.ts";
import { findUnfinished } from "../../engine/sql/lexer.ts";
import { maskPasswords, passwordMask } from "../../engine/sql/mask-passwords.ts";
import { headOf, statementsOf } from "../../engine/sql/statements.ts";
import { splitStatements } from "../../local/hasura-api/split-statements.ts";
import { Script, type ScriptError } from "./script.ts";
import { wholeStatements } from "./whole-statements.ts";

/** One file of a migration, read. */
export interface LoadedFile {
  /** From the project's root. */
  readonly path: string;
  readonly body: MigrationBody;
}

/**
 * Runs a file as Hasura does: as one query in a transaction or, with the marker, statement by statement outside one. Resolves to the
 * database's error if it failed. Rejects if the connection broke.
 */
export async function runFile(
  client: pg.Client,
  file: LoadedFile,
): Promise<SqlFailure | undefined> {
  const { sql, directives } = file.body;
  const failure = directives.noTransaction
    ? await runOutside(client, sql)
    : await runInTransaction(client, sql);
  if (mayChangeSession(sql)) await client.query("DISCARD ALL");
  return failure && { file: file.path, ...masked(failure, sql) };
}

/** The database's error as the failure of a file. */
export function failureInFile(
  { path, body }: LoadedFile,
  error: ScriptError,
  place: Place | undefined,
): SqlFailure {
  return { file: path, ...masked(failureOf(error, place), body.sql) };
}

/** Where a statement that was sent alone failed; it begins at `start` in the file. PostgreSQL's own position, or else its beginning. */
export function placeInStatement(
  sql: string,
  start: number,
  { position }: Pick<ScriptError, "position">,
): Place {
  const offset = position === undefined ? 0 : indexOf(sql.slice(start), position);
  return placeAt(sql, start + offset);
}

/** True if a file that failed may have changed something. */
export function mayBeHalfDone({ body }: LoadedFile): boolean {
  return body.directives.noTransaction || /\bcommit\b/i.test(body.sql);
}

/** Hasura may use any of its connections for a file, so settings left by an earlier file must not affect it. */
function mayChangeSession(sql: string): boolean {
  if (
    /\bset_config\b|\btemp(?:orary)?\b|\b(?:prepare|listen|load|declare)\b|\bexecute\b(?!\s+(?:function|procedure))|advisory_lock/i.test(
      sql,
    )
  )
    return true;
  // Not SET as a part of UPDATE or ALTER.
  return /\bset\b/i.test(sql) && statementsOf(sql).some((each) => headOf(each, 1) === "set");
}

const begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;";

/** All in one message to save round trips; the file is one contiguous part of it, and is parsed as a whole first. */
async function runInTransaction(client: pg.Client, sql: string): Promise<SqlFailure | undefined> {
  // An unterminated string or comment would swallow what follows.
  if (findUnfinished(sql) !== undefined) return await runInThreeMessages(client, sql);
  const error = await send(client, `${begin}${sql}\n;COMMIT`);
  if (error === undefined) return undefined;
  await send(client, "ROLLBACK");
  const position = error.position === undefined ? undefined : error.position - begin.length;
  const inFile = {
    ...error,
    position: position !== undefined && position > 0 ? position : undefined,
    completed: error.completed - 1,
  };
  return failureOf(error, placeOf(sql, inFile));
}

async function runInThreeMessages(client: pg.Client, sql: string): Promise<SqlFailure | undefined> {
  await send(client, begin);
  const error = await send(client, sql);
  const refused = await send(client, error === undefined ? "COMMIT" : "ROLLBACK");
  if (error) return failureOf(error, placeOf(sql, error));
  return refused && failureOf(refused, undefined);
}

async function runOutside(client: pg.Client, sql: string): Promise<SqlFailure | undefined> {
  const statements = splitStatements(sql);
  for (const [number, statement] of statements.entries()) {
    const error = await send(client, statement);
    if (error === undefined) continue;
    // A transaction that the file began must not continue in the next file.
    await send(client, "ROLLBACK");
    return failureOf(error, placeOfOne(sql, { statements, number, error }));
  }
  return undefined;
}

/** Sends SQL as one simple query. */
export async function send(client: pg.Client, sql: string): Promise<ScriptError | undefined> {
  return await client.query(new Script(sql)).outcome;
}

/** PostgreSQL's own position, or else that of the statement that was being run. */
function placeOf(
  sql: string,
  { position, completed }: { readonly position?: number | undefined; readonly completed: number },
): Place | undefined {
  if (position !== undefined) return placeAt(sql, indexOf(sql, position));
  const statement = wholeStatements(sql)[completed];
  return statement && placeAt(sql, statement.start);
}

/** The server has seen a statement without its comments, so that only one without comments has the server's position. */
function placeOfOne(
  sql: string,
  failed: {
    readonly statements: readonly string[];
    readonly number: number;
    readonly error: ScriptError;
  },
): Place | undefined {
  const { statements, number, error } = failed;
  const written = wholeStatements(sql);
  const statement = written.length === statements.length ? written[number] : undefined;
  if (statement === undefined) return undefined;
  const isSame = sql.startsWith(statements[number] ?? "", statement.start);
  return placeInStatement(sql, statement.start, isSame ? error : {});
}

/** PostgreSQL counts characters from 1, JavaScript UTF-16 units from 0. */
function indexOf(sql: string, position: number): number {
  return Array.from(sql)
    .slice(0, position - 1)
    .join("").length;
}

function failureOf(error: ScriptError, place: Place | undefined): SqlFailure {
  const { sqlstate, message, detail, hint } = error;
  return {
    sqlstate,
    message,
    ...(detail !== undefined && { detail }),
    ...(hint !== undefined && { hint }),
    ...(place && { place }),
  };
}

/** The same failure, without the passwords that the file contains. */
function masked(failure: SqlFailure, sql: string): SqlFailure {
  const mask = passwordMask(sql);
  const { message, detail, hint, place } = failure;
  const line = maskPasswords(sql).split(/\r\n|\n|\r/)[(place?.line ?? 1) - 1];
  return {
    ...failure,
    message: mask(message),
    ...(detail !== undefined && { detail: mask(detail) }),
    ...(hint !== undefined && { hint: mask(hint) }),
    ...(place && { place: { ...place, text: line ?? mask(place.text) } }),
  };
}
