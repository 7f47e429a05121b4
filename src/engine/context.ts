import type { RunEvent } from "../protocol/events.ts";
import type { MigrationStore, Database } from "./store/store.ts";
import type { Request } from "../protocol/request.ts";
import type { ConfigVersion } from "./project/config.ts";
import type { VersionStore } from "./store/catalog/version-store.ts";
import type { WriteQueue } from "./store/catalog/write-queue.ts";
import type { Hasura } from "./hasura/client.ts";
import type { Project } from "./project/project.ts";

/** What a run needs of the world. */
export interface EngineContext {
  readonly hasura: Hasura;
  /** Reads the migrations; called once a run. */
  readonly project: () => Promise<Project>;
  /** Which books a database has: `catalogBooks`, or the ledger's. */
  readonly openStore: (
    database: Database,
    context: StoreContext,
  ) => MigrationStore | Promise<MigrationStore>;
  /** Milliseconds, for durations; need not be the time of day. */
  readonly now: () => number;
  /** Resolves early, or rejects, when the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** 0 to 1. */
  readonly random: () => number;
  /** What it throws is ignored: nobody listening never fails a migration. */
  readonly emit: (event: RunEvent) => Promise<void> | void;
  /** Ends the run before the next migration, never inside one. */
  readonly stop: AbortSignal;
  /** What is left until the process is killed. */
  readonly remainingMs: () => number;
  /** A protected environment: metadata that has become inconsistent fails the run (exit code 7). */
  readonly protected?: boolean;
}

/** What the migration stores of all databases in one run share. */
export interface StoreContext {
  readonly hasura: Hasura;
  /** The catalog state, or the table of older projects. */
  readonly versionStore: VersionStore;
  /** Writes to that store, one write at a time for all databases. */
  readonly writer: WriteQueue;
  readonly configVersion: ConfigVersion;
  /** The environment's name, for the commands that messages suggest. */
  readonly environment: string;
  readonly request: Request;
  /** Hasura's own id, kept in its metadata database; empty for a server too old to have one. */
  readonly serverId: string;
  readonly engine: EngineContext;
}
