import type { Version } from "../../../protocol/migration.ts";

/** What the books become for one version. */
export interface VersionChange {
  readonly database: string;
  readonly version: Version;
  readonly to: "applied" | "absent";
}

/** How far a ledger had come when all changes before this one were true: kept beside the versions, as a setting. */
export interface GenerationChange {
  readonly database: string;
  readonly generation: string;
}

/** The name of that setting: in the catalog state a JSON text by database, in the older table a number. */
export const generationSetting = "hasura_migrate";

export type StateChange = VersionChange | GenerationChange;

/** What a store says of one database. Presence of a version means applied. */
export type StoredVersions = ReadonlyMap<Version, { readonly dirty: boolean }>;

/**
 * Where versions are recorded: the catalog state, or a table in older projects
 * (docs/internals/hasura-protocol.md, "Where applied versions are recorded").
 * One store serves every database of a run.
 */
export interface VersionStore {
  /** Reads; never writes. Throws `Failure` for a document that cannot be understood, `HasuraCallError` for the rest. */
  read(database: string): Promise<StoredVersions>;
  /** As of the last read: the setting `migration_mode` is something else than `"true"`, so nothing may be changed. */
  disabled(): boolean;
  /** As of the last read: the ledger's generation that was kept here for this database. */
  generation(database: string): bigint | undefined;
  /** Looks again at what others have written, and no longer insists on what was written of that database before. Not while a write is under way. */
  refresh?(database: string): Promise<void>;
  /** Writes these changes, and is safe to repeat. Called one at a time. Throws `HasuraCallError`, `Failure`. */
  write(changes: readonly StateChange[]): Promise<void>;
}
