import type { Failure } from "../../protocol/failure.ts";
import type { HistoryRow } from "../../protocol/events.ts";
import type { Direction, MigrationState, Version } from "../../protocol/migration.ts";
import type { Directives } from "../project/directives.ts";
import type { SourceKind } from "../hasura/client.ts";

/** One database as a run sees it: a Hasura source, and what is known of it. */
export interface Database {
  readonly name: string;
  readonly kind: SourceKind;
}

/** What the books say of one version. Absent from the map: not applied. */
export interface AppliedMigration {
  readonly state: Exclude<MigrationState, "pending" | "unknown" | "changed">;
  /** SHA-256 of the file as it was applied; absent where nobody knows (catalog books, adopted versions). */
  readonly checksum?: string;
  readonly appliedAt?: Date;
  readonly run?: string;
}

/** One step of a plan, ready to be sent. */
export interface Step {
  readonly database: Database;
  readonly version: Version;
  readonly name: string;
  readonly direction: Direction;
  readonly sql: string;
  /** Of the up file, normalised; recorded with the version. */
  readonly checksum: string;
  readonly noTransaction: boolean;
  /** What the file asks for itself (`-- hasura-migrate:` lines); kept by books that can. */
  readonly settings?: Directives["settings"];
  /** The down file's text, kept by books that can. */
  readonly downSql?: string;
}

/** How one step ended. `own-commit` and the like arrive as notices. `unknown` is never the last word: see `Books.resolve`. */
export type StepResult =
  | { readonly outcome: "done"; readonly notices: readonly string[] }
  | { readonly outcome: "skipped"; readonly reason: string }
  | { readonly outcome: "failed"; readonly error: unknown }
  | { readonly outcome: "unknown"; readonly error: unknown }
  /** The books moved since the plan was made: plan again. */
  | { readonly outcome: "replan"; readonly reason: string }
  /** Somebody else works on this database. */
  | { readonly outcome: "busy"; readonly holder: string }
  | { readonly outcome: "cancelled" };

/** How a run ended; `failure` in words. */
export interface RunEnd {
  readonly outcome: string;
  readonly failure?: string;
}

/** A version whose record is changed; `checksum` is that of its up file, where there is one. */
export interface VersionMark {
  readonly version: Version;
  readonly checksum?: string | undefined;
}

/** `tookMs`: in the database, where that is known. */
export type OnDone = (done: {
  readonly notices: readonly string[];
  readonly tookMs?: number;
}) => Promise<void>;

/**
 * The books of one database: which versions are applied, and how a migration and its record are brought together.
 * Two implementations: `catalog-books.ts` (Hasura's catalog state alone, as the official CLI) and the ledger.
 */
export interface MigrationStore {
  readonly kind: "catalog" | "ledger";
  /** What is applied now. Never writes. */
  read(): Promise<ReadonlyMap<Version, AppliedMigration>>;
  /** Runs one step and records it. Never throws for what the database or the network did: that is a `StepResult`. */
  run(step: Step): Promise<StepResult>;
  /**
   * The same for several at once, where that is quicker. `onDone` is called for each in order, as soon as it is known to be done; the
   * answer is how the one after those ended, or undefined when all are done. Absent where it would not be as safe as one by one.
   */
  runBatch?(steps: readonly Step[], onDone: OnDone): Promise<StepResult | undefined>;
  /** Changes the record alone: all of them or none, where the books can. */
  mark(marks: readonly VersionMark[], as: "applied" | "pending"): Promise<void>;
  /**
   * Waits until everything recorded so far is safely written, also when the run failed.
   * Throws when the record could not be written, naming the versions concerned.
   */
  settle(): Promise<void>;
  /** Announces the run to others, after waiting for the one in progress. Throws `busy` when that takes too long. */
  begin?(): Promise<void>;
  /** Versions that were reported as done and are not: a commit that was answered and did not happen. To be planned again. */
  confirm?(): Promise<readonly Version[]>;
  /** Past runs and the one in progress, the newest first. `run` may be the beginning of an id. */
  history?(which: {
    readonly run?: string | undefined;
    readonly limit?: number | undefined;
  }): Promise<HistoryRow[]>;
  /** Asks runs in progress to stop before their next migration; answers their ids. */
  cancel?(run: string | undefined): Promise<readonly string[]>;
  /** Closes what `begin` opened. Never throws. */
  end?(how: RunEnd): Promise<void>;
  /** What has gone wrong in the background so far, without waiting: asked before each step, and ends the run. */
  backgroundFailure?(): Failure | undefined;
}
