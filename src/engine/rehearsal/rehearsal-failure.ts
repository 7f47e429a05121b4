import { Failure, type SqlFailure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint, type Hint } from "../../protocol/hint.ts";
import { sqlAdvice } from "../hasura/sql-advice.ts";
import { locateError, locateInStatement } from "../sql/locate-error.ts";
import { maskPasswords, passwordMask } from "../sql/mask-passwords.ts";
import { databaseArgs } from "../store/hints.ts";
import type { RehearsalError } from "./read-report.ts";
import type { RehearsalFile } from "./select-files.ts";

/** A file that failed in a rehearsal; `index`: which of its statements, from 0. */
export interface FailedRehearsal {
  readonly file: RehearsalFile;
  readonly index: number;
  readonly error: RehearsalError;
  readonly environment: string;
}

/** The failure of a rehearsal, with the position in the file. */
export async function rehearsalFailure(failed: FailedRehearsal): Promise<Failure> {
  const { file, index, error } = failed;
  const mask = passwordMask(file.sql);
  const details = {
    message: mask(error.message),
    sqlstate: error.sqlstate,
    ...(error.detail !== undefined && { detail: mask(error.detail) }),
    ...(error.hint !== undefined && { hint: mask(error.hint) }),
  };
  const sql = maskPasswords(file.sql);
  const isKnown = file.isParsed && !error.atCommit;
  const position = isKnown
    ? await locateInStatement(sql, index, details)
    : await locateError(sql, details);
  const { path } = file.step.file;
  return new Failure(
    "migration",
    "rehearsal-failed",
    `${path} failed in the rehearsal: ${details.message} (SQLSTATE ${details.sqlstate})`,
    { sql: { file: path, ...details, ...position }, hints: nextSteps(details, failed) },
  );
}

function nextSteps(
  details: SqlFailure,
  { file: { step, sql }, environment }: FailedRehearsal,
): Hint[] {
  const again = retryHint({
    reason: "everything was rolled back: fix the file, then rehearse again",
  });
  switch (details.sqlstate) {
    case "55P03":
      return [
        runHint(
          ["locks", environment, ...databaseArgs(step.database.name)],
          "to see who holds the lock; a rehearsal waits 2 s for it",
        ),
        retryHint({ reason: "everything was rolled back: rehearse again" }),
      ];
    case "57014":
      return [
        textHint(
          "The migrations together took longer than a minute, or than the time that the function has left, and everything was rolled back. Rehearse fewer at a time, with --steps or --to.",
        ),
      ];
    case "25001":
      return [
        textHint(
          'If a statement cannot run in a transaction, put "-- hasura:no-transaction" on the first line of its file.',
        ),
        again,
      ];
    default: {
      const advice = sqlAdvice(details, sql, undefined);
      return [...(advice === undefined ? [] : [advice]), again];
    }
  }
}
