import type { SqlFailure } from "./failure.ts";
import type { Version } from "./migration.ts";

/*
 * What `verify` reports: between src/verify and the command line, and on stdout with `--json` (docs/verify.md).
 */

/** What was found. The codes are stable; scripts depend on them. */
export type ProblemCode =
  /** up.sql fails. */
  | "up-failed"
  /** down.sql fails. */
  | "down-failed"
  /** up.sql fails the second time, after down.sql. */
  | "up-again-failed"
  /** down.sql does not restore the schema. */
  | "down-differs"
  /** There is no down.sql, or it is an empty file. */
  | "down-missing"
  /** down.sql has comments only. */
  | "down-blank"
  /** There is no up.sql, or it is an empty file. */
  | "up-missing"
  /** up.sql has comments only. */
  | "up-blank"
  /** Hasura ignores a file or directory because of its name, or a file because it is empty. */
  | "ignored-file"
  /** The revision has the migration with different contents. */
  | "changed"
  /** The revision has a migration of the same version with another name. */
  | "same-version"
  /** up.sql fails if newer migrations are already applied. */
  | "out-of-order-failed"
  /** up.sql fails if it and the revision's migrations are applied in the order of versions. */
  | "in-order-failed"
  /** A migration of the revision fails, although none of the branch's is applied. */
  | "revision-failed"
  /** The schema depends on the order of the migrations. */
  | "out-of-order-differs"
  | MetadataProblemCode;

/** What can be wrong with the metadata of a project. */
export type MetadataProblemCode =
  /** A file cannot be read, is not valid, or does not have the form that it needs. */
  | "metadata-unreadable"
  /** A file or a key is missing, without which Hasura would refuse the metadata or lose objects. */
  | "metadata-incomplete"
  /** An object exists twice. */
  | "metadata-duplicate"
  /** It refers to something that the database does not have. */
  | "metadata-inconsistent"
  /** Something in the files has no effect. */
  | "metadata-ignored";

export interface VerifyProblem {
  readonly severity: "error" | "warning";
  readonly code: ProblemCode;
  /** One sentence. */
  readonly message: string;
  /** Path of the file, from the project's root. */
  readonly file?: string;
  /** Where in the file, counted from 1; the column in characters. Only for files of the metadata. */
  readonly line?: number;
  readonly column?: number;
  /** What differs, one line each: `index orders_created_at is left over`. */
  readonly differences?: readonly string[];
  /** The database's error, with its place in the file. */
  readonly sql?: SqlFailure;
}

/** A lock on a table that existed before the migration. */
export interface MeasuredLock {
  readonly table: string;
  /** `ACCESS EXCLUSIVE`, as PostgreSQL's documentation writes it. */
  readonly mode: string;
  /** The table's files were rewritten. */
  readonly rewritten: boolean;
}

/** What one statement of an up.sql locked. */
export interface StatementLocks {
  /** Counted from 1. */
  readonly line: number;
  /** The beginning of the statement, on one line. */
  readonly statement: string;
  readonly locks: readonly MeasuredLock[];
}

export type VerifyEvent =
  | {
      readonly type: "verify.started";
      /** Name and version of the database server. */
      readonly server: string;
      readonly databases: readonly {
        readonly database: string;
        readonly migrations: number;
        /** How many of them are rolled back and applied again. */
        readonly checked: number;
      }[];
      /** Of the project's files. */
      readonly problems: readonly VerifyProblem[];
    }
  /** What is being done, for people who wait. */
  | { readonly type: "verify.progress"; readonly text: string }
  | {
      readonly type: "verify.migration";
      readonly database: string;
      readonly version: Version;
      readonly name: string;
      /** ok: up, down, and up again · applied: up only, because it cannot be rolled back · failed. */
      readonly state: "ok" | "applied" | "failed";
      readonly tookMs: number;
      readonly problems: readonly VerifyProblem[];
      /** With `--locks`. */
      readonly locks?: readonly StatementLocks[];
    }
  /** The metadata of a source, compared with its database after all migrations. */
  | {
      readonly type: "verify.metadata";
      readonly database: string;
      readonly state: "ok" | "failed" | "skipped";
      /** Why it was not compared: a clause, such as "the project has no metadata". */
      readonly reason?: string;
      readonly tookMs: number;
      readonly problems: readonly VerifyProblem[];
    }
  | {
      readonly type: "verify.order";
      readonly database: string;
      readonly state: "ok" | "failed";
      /** Migrations of the branch, applied after all others. */
      readonly migrations: number;
      readonly tookMs: number;
      readonly problems: readonly VerifyProblem[];
    }
  | {
      readonly type: "verify.finished";
      /** Migrations that were rolled back and applied again without a problem. */
      readonly ok: number;
      readonly errors: number;
      readonly warnings: number;
      /** Migrations that come after one that failed. */
      readonly notReached: number;
      readonly tookMs: number;
    };
