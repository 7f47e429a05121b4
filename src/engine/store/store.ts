import type { JsonMap } from "../../metadata/document/json.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { HistoryRow } from "../../protocol/history-row.ts";
import type { RunInProgress } from "../../protocol/status-rows.ts";
import type { Direction, MigrationState, Version } from "../../protocol/migration.ts";
import type { Directives } from "../project/directives.ts";
import type { SourceKind, SqlResult } from "../hasura/client.ts";
import type { LockHolder } from "../hasura/lock-holders.ts";

/** One database of a run: a Hasura source. */
export interface Database {
  readonly name: string;
  readonly kind: SourceKind;
}

/** The record of one version. A version without one is not applied. */
export interface AppliedMigration {
  readonly state: Exclude<MigrationState, "pending" | "unknown" | "changed">;
  /**
   * SHA-256 of the file as it was applied; absent where it is not known (catalog store, adopted
   * versions).
   */
  readonly checksum?: string;
  readonly appliedAt?: Date;
  readonly run?: string;
  /** Greater for what was applied later; absent where the order is not known (catalog store). */
  readonly order?: bigint;
}

/** What is recorded about an applied version besides its state, for versions that have no file. */
export interface KeptMigration {
  /** Empty if it is not known. */
  readonly name: string;
  /** The text of the down file as it was when the migration was applied; absent if it was not recorded. */
  readonly downSql?: string;
  /** Who applied it, as the client reported it. */
  readonly appliedBy?: RunActor;
}

/** The user of a run and the state of their working copy, as the client reported them. */
export interface RunActor {
  readonly user: string;
  readonly branch?: string;
  readonly commit?: string;
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
  /** The settings of the file's `-- hasura-migrate:` lines, used by a store that supports them. */
  readonly settings?: Directives["settings"];
  /** The down file's text, recorded by a store with `keepsDownSql`. */
  readonly downSql?: string;
}

/** A seed, ready to be sent. It always runs in a transaction. */
export interface SeedStep extends Pick<Step, "database" | "sql" | "checksum" | "settings"> {
  readonly direction: "seed";
  /** Its path below the seeds directory of its database, with forward slashes; recorded as its name. */
  readonly name: string;
  readonly noTransaction: false;
}

/** The last time that a seed was run. */
export interface SeedRecord {
  /** SHA-256 of the file as it was run. */
  readonly checksum: string;
  readonly run: string;
  /** Absent for a seed that only this invocation knows of. */
  readonly appliedAt?: Date;
  /** False for a file that has committed by itself and has not reached its end. */
  readonly isFinished: boolean;
}

/** The seeds of one database. */
export interface SeedStore {
  /** False if there is nothing to record seeds in. */
  readonly isRecorded: boolean;
  /** The records of seeds by name; without a ledger, those of the seeds that this invocation has run. After a seed's `replan`, call the migration store's `read` first. */
  read(): Promise<ReadonlyMap<string, SeedRecord>>;
  /** Runs a seed and records it. Errors of the database and the network are a `StepResult`, never thrown. */
  run(step: SeedStep): Promise<StepResult>;
  /** The names of seeds that were reported as done and are not, because a confirmed commit did not happen. Throws if that cannot be read. */
  confirm(): Promise<readonly string[]>;
}

/** How one step ended. */
export type StepResult =
  | { readonly outcome: "done"; readonly notices: readonly string[] }
  | { readonly outcome: "skipped"; readonly reason: string }
  /** `lockHolders`: who held the lock that it was waiting for when it was last looked at. */
  | {
      readonly outcome: "failed";
      readonly error: unknown;
      readonly lockHolders?: readonly LockHolder[];
    }
  /** Nothing can show whether it took effect. */
  | { readonly outcome: "unknown"; readonly error: unknown }
  /** The record changed since the plan was made: plan again. */
  | { readonly outcome: "replan"; readonly reason: string }
  /** Another run is working on this database. */
  | { readonly outcome: "busy"; readonly holder: string }
  | { readonly outcome: "cancelled" };

/**
 * How a run ended: `finished`, `cancelled`, `paused` or `kind/code`, and the message of a failure.
 */
export interface RunEnd {
  readonly outcome: string;
  readonly failure?: string;
}

/** What a run may do in one database, whatever its invocation: what was confirmed, or first planned where it rolls back. */
export interface KeptPlan {
  /** Fingerprints of its steps. */
  readonly steps: ReadonlySet<string>;
  /** What the run has done: direction and version, such as `up 1700`. */
  readonly done: ReadonlySet<string>;
}

/** A version whose record is changed, and what is recorded of its files if it becomes applied. */
export interface VersionMark {
  readonly version: Version;
  /** If it is known. */
  readonly name?: string | undefined;
  /** Of the up file. */
  readonly checksum?: string | undefined;
  /** The down file's text, recorded by a store with `keepsDownSql`. */
  readonly downSql?: string | undefined;
}

/** Which runs to list: `run` may be the beginning of an id. */
export interface RunFilter {
  readonly run?: string | undefined;
  readonly limit?: number | undefined;
  /** Count the runs of `sql` instead of listing them. */
  readonly countsQueries?: boolean | undefined;
}

export interface RunList {
  /** The newest first. */
  readonly runs: readonly HistoryRow[];
  /** With `countsQueries`: the runs of `sql` since the oldest listed run, or all if every other run is listed. */
  readonly queries?: number;
}

/**
 * Receives each migration of a batch that is done. `tookMs`: in the database, where that is known.
 */
export type OnDone = (done: {
  readonly notices: readonly string[];
  readonly tookMs?: number;
}) => Promise<void>;

/** A replacement of Hasura's metadata by a run, before it is sent. */
export interface MetadataReplacementRecord {
  /** Which replacement of its run, from 1: a later record with the same number replaces the earlier one. */
  readonly number: number;
  /** What is replaced, with its version and checksum. */
  readonly before: {
    readonly version: number;
    readonly checksum: string;
    readonly document: JsonMap;
  };
}

/** A metadata document, by its version on the server and its checksum. */
export interface MetadataState {
  readonly version: number;
  readonly checksum: string;
}

/** Hasura's metadata after a run has replaced or reloaded it, or changed the schema. */
export interface MetadataAfter extends Partial<MetadataState> {
  readonly inconsistent: readonly { readonly type: string; readonly name: string }[];
}

/** What a run has done to Hasura's metadata, as it is recorded. */
export interface MetadataChangeRecord {
  readonly run: string;
  /** Which replacement of its run, from 1. */
  readonly number: number;
  /** ISO 8601. */
  readonly at: string;
  /** Of the run, like the user who started it; absent if the run is not recorded any more. */
  readonly operation?: string | undefined;
  readonly user?: string | undefined;
  /** What was replaced, and whether the document is kept; absent for a reload. */
  readonly replaced?:
    { readonly version: number; readonly checksum: string; readonly isKept: boolean } | undefined;
  /** The inconsistent objects afterwards; absent if that was not recorded. */
  readonly inconsistent?: readonly { readonly type: string; readonly name: string }[] | undefined;
}

/** A replacement by a run, with what it replaced, and what was there afterwards if that was recorded. */
export interface OpenReplacement {
  readonly run: string;
  /** Which replacement of its run, from 1. */
  readonly number: number;
  /** ISO 8601. */
  readonly at: string;
  /** Of the run; undefined if the run is not recorded any more. */
  readonly operation: string | undefined;
  readonly before: MetadataState;
  readonly after: MetadataState | undefined;
}

/** The replacements in one ledger since the metadata was last applied as a whole. */
export interface OpenReplacements {
  /** When a run that applied or restored the metadata last finished, ISO 8601; undefined if none did. */
  readonly completedAt: string | undefined;
  /** Those since then, the newest first. */
  readonly replacements: readonly OpenReplacement[];
}

/** The record of what runs have done to Hasura's metadata. */
export interface MetadataRecord {
  /** Keeps what is about to be replaced. False, and nothing is kept, if the run was asked to stop. */
  begin(replacement: MetadataReplacementRecord): Promise<boolean>;
  /** Records what the metadata is after the replacement with this number, or without one after a reload or migrations. */
  end(number: number, after: MetadataAfter): Promise<void>;
  /** Removes the record of a replacement that did not happen. */
  forget(number: number): Promise<void>;
  /** Everything that is recorded, the newest first. */
  changes(): Promise<readonly MetadataChangeRecord[]>;
  openReplacements(): Promise<OpenReplacements>;
  /**
   * A document that was replaced, by its checksum; undefined if it is not kept. Throws `usage/ledger-writable` if another role could have
   * written it.
   */
  document(checksum: string): Promise<JsonMap | undefined>;
}

/** What a migration store is able to do, whatever its kind. */
export interface StoreCapabilities {
  /** A run can be continued by another invocation. */
  readonly canResume: boolean;
  /** A migration's SQL and its record are one transaction. */
  readonly atomic: boolean;
  /** It records the text of down files. */
  readonly keepsDownSql: boolean;
}

/** The runs that worked on one database: past ones and the current one. */
export interface RunRegistry {
  /**
   * Registers this run, after waiting for another one to end. Throws `busy` when that takes too
   * long.
   */
  begin(): Promise<void>;
  /** Closes this run. Never throws. */
  end(end: RunEnd): Promise<void>;
  /** Past runs and the current one, the newest first. */
  history(filter: RunFilter): Promise<RunList>;
  /** The other runs that were in progress on this database at the last `read`. */
  others(): readonly RunInProgress[];
  /** The ids of runs that have not ended and begin with `run`. */
  findOpen(run: string): Promise<readonly string[]>;
  /** Asks one run, by its whole id, or all to stop before their next migration; returns their ids. */
  cancel(run: string | undefined): Promise<readonly string[]>;
  /** Who started runs, by the runs' ids, as their clients reported it. */
  actors(runs: readonly string[]): Promise<ReadonlyMap<string, RunActor>>;
}

/** What a store adds to the SQL of a rehearsal. */
export interface RehearsalFrame {
  /** A comment for its beginning (rehearsal-label.ts). */
  readonly label: string;
  /** Returns the oldest other run in progress as JSON (`BusyRun` of the rehearsal), or no row. Absent where runs are not recorded. */
  readonly otherRunSql?: string;
}

/**
 * The record of applied migrations of one database, and how a migration is run and recorded.
 * Implementations: the ledger store, and the catalog store, which uses only Hasura's catalog state,
 * as the official CLI does.
 */
export interface MigrationStore extends StoreCapabilities {
  /** For display. What a store is able to do is in its capabilities. */
  readonly kind: "catalog" | "ledger";
  /** Absent where runs are not recorded. */
  readonly runs?: RunRegistry;
  /** Absent where nothing about metadata is recorded, such as in a ledger of an older version that this run does not upgrade. */
  readonly metadata?: MetadataRecord;
  readonly seeds: SeedStore;
  /** The applied versions now. Call again after a step's `replan`. */
  read(): Promise<ReadonlyMap<Version, AppliedMigration>>;
  /**
   * Runs one step and records it. Errors of the database and the network are a `StepResult`, never
   * thrown.
   */
  run(step: Step): Promise<StepResult>;
  /**
   * The same for several steps in one request. Calls `onDone` for each in order as soon as it is
   * known to be done; returns how the first one that is not done ended, or undefined when all are.
   * Absent where it would not be as safe as one at a time.
   */
  runBatch?(steps: readonly Step[], onDone: OnDone): Promise<StepResult | undefined>;
  /**
   * Records a squash as applied, without running it, and removes the records of its parts: all in one transaction, or one write of
   * the catalog. Absent if only `mark` can do it.
   */
  replace?(step: Step, parts: readonly Version[]): Promise<StepResult>;
  /** Changes only the record: all of the versions or none, where `atomic`. */
  mark(marks: readonly VersionMark[], as: "applied" | "pending"): Promise<void>;
  /**
   * Waits until everything so far is safely recorded, also after a failure. Throws, naming the
   * versions, where it could not be.
   */
  settle(): Promise<void>;
  /**
   * Versions that were reported as done and are not, because a confirmed commit did not happen. To
   * be planned again.
   */
  confirm?(): Promise<readonly Version[]>;
  /** What the last `redo` rolled back and could not apply again, as of the last `read`; undefined if something changed since. */
  halfRedone?(): Version | undefined;
  /** What is kept about the applied ones of these versions. Absent if nothing is kept. */
  kept?(versions: readonly Version[]): Promise<ReadonlyMap<Version, KeptMigration>>;
  /** Which of these versions were replaced by a squash that is still applied, each with the squash's version. Absent if that is not known. */
  squashed?(versions: readonly Version[]): Promise<ReadonlyMap<Version, Version>>;
  /** Throws if another role could have written the stored SQL, so that it must not be run. */
  trustKept?(): Promise<void>;
  /** Keeps the fingerprints of all that this run may do here, for its later invocations too. Absent where nothing can be kept. */
  keepPlan?(steps: readonly string[]): Promise<void>;
  /** What was kept, as of the last `read`. */
  keptPlan?(): KeptPlan | undefined;
  /** Runs a query that changes nothing in the store's database. Absent where there is no way to ask. */
  query?(sql: string): Promise<SqlResult>;
  /**
   * Sends a rehearsal (engine/rehearsal) to the store's database, once: SQL that rolls back everything it does. The request is abandoned after `limitMs`.
   * Throws `HasuraCallError`. Absent for databases other than PostgreSQL.
   */
  rehearse?(sqlIn: (frame: RehearsalFrame) => string, limitMs: number): Promise<SqlResult>;
  /** A failure in the background so far. Checked before each step; ends the run. */
  backgroundFailure?(): Failure | undefined;
}
