import type { MetadataDocument } from "../metadata/document/metadata-document.ts";
import type { RunEvent } from "../protocol/events.ts";
import type { DatabaseStatus } from "../protocol/status-rows.ts";
import type { Failure } from "../protocol/failure.ts";
import type { Request } from "../protocol/request.ts";
import type { Hasura } from "./hasura/client.ts";
import type { AssessFiles } from "./plan/assessment.ts";
import type { ConfigVersion } from "./project/config.ts";
import type { Project } from "./project/project.ts";
import type { ProjectSeeds } from "./project/seeds.ts";
import type { VersionStore } from "./store/catalog/version-store.ts";
import type { WriteQueue } from "./store/catalog/write-queue.ts";
import type { Database, MigrationStore } from "./store/store.ts";

/** Everything a run receives from outside. */
export interface EngineContext {
  readonly hasura: Hasura;
  /** Reads the migrations; called once per run. */
  readonly project: () => Promise<Project>;
  /** Reads the project's metadata: that of the image, or the one that came with the request. Absent if there is none. */
  readonly projectMetadata?: () => Promise<MetadataDocument>;
  /** Reads the seeds: those of the image, or those that came with the request. Absent if there are none. */
  readonly projectSeeds?: () => Promise<ProjectSeeds>;
  /** Whether migrations may be uploaded; false if absent. */
  readonly takesUploads?: boolean;
  /** Whether `sql` may be used; if false, no hint suggests it. */
  readonly takesQueries?: boolean;
  /** Opens the migration store of a database. */
  readonly openStore: (
    database: Database,
    context: StoreContext,
  ) => MigrationStore | Promise<MigrationStore>;
  /** Milliseconds, for durations; need not be the time of day. */
  readonly now: () => number;
  /** Resolves early, or rejects, when the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Errors are ignored: a lost reader never fails a migration. */
  readonly emit: (event: RunEvent) => Promise<void> | void;
  /** Stops the run before the next migration, never inside one. */
  readonly stop: AbortSignal;
  /** Milliseconds until the process is killed. */
  readonly remainingMs: () => number;
  /** Examines planned files for what they do to tables; absent where nothing is examined. */
  readonly assess?: AssessFiles;
  /** A protected environment: metadata that has become inconsistent fails the run (exit code 7). */
  readonly protected?: boolean;
  /** Whether a migration that failed may be run a second time, rolled back, to find the failing statement; false if absent. */
  readonly secondTry?: boolean;
  /** Examines a database and its ledger without changing anything; absent if there is no ledger. */
  readonly inspectLedger?: (context: InspectionContext) => Promise<LedgerInspection>;
  /** Records queries in the ledger of their database; absent if there is no ledger. */
  readonly queryRecord?: QueryRecord;
  /** Checks a status before it is shown. An error fails the run, after the status has been shown. */
  readonly verifyStatus?: (databases: readonly DatabaseStatus[]) => Promise<void>;
}

/** Who asked for a query, for its record. */
export interface QueryRecord {
  readonly requestId: string;
  readonly imageCommit?: string;
}

/** The context for examining a database. */
export interface InspectionContext {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  readonly environment: string;
  readonly hasura: Hasura;
}

/** The result of examining a database for its ledger. */
export interface LedgerInspection {
  /** `PostgreSQL 17.10, user hasura`; undefined for kinds that are not asked. */
  readonly server?: string;
  /** What is known of the ledger, as a sentence. */
  readonly ledger: string;
  /** It works, but with weaker guarantees: the database cannot have a ledger. */
  readonly warning?: boolean;
  /** Why `apply` would fail. */
  readonly failure?: Failure;
}

/** Shared by the migration stores of all databases in one run. */
export interface StoreContext {
  readonly hasura: Hasura;
  /** The catalog state, or the table of older projects. */
  readonly versionStore: VersionStore;
  /** Writes to `versionStore`, one write at a time for all databases. */
  readonly writer: WriteQueue;
  readonly configVersion: ConfigVersion;
  /** The environment's name, for suggested commands. */
  readonly environment: string;
  readonly request: Request;
  /** Hasura's own id, kept in its metadata database; empty for a server that is too old to have one. */
  readonly serverId: string;
  readonly engine: EngineContext;
}
