import type { Version } from "../../../protocol/migration.ts";

/** A change of one version's record. */
export interface VersionChange {
  readonly database: string;
  readonly version: Version;
  readonly to: "applied" | "absent";
}

/**
 * The ledger's generation that the changes before this one bring the versions up to; kept next to them as a setting.
 */
export interface GenerationChange {
  readonly database: string;
  readonly generation: string;
}

/**
 * The name of that setting: in the catalog state a JSON text by database, in the older table a
 * number.
 */
export const generationSetting = "hasura_migrate";

export type StateChange = VersionChange | GenerationChange;

/** The recorded versions of one database. A version that is present is applied. */
export type StoredVersions = ReadonlyMap<Version, { readonly dirty: boolean }>;

/**
 * Where versions are recorded: the catalog state, or a table in older projects
 * (docs/internals/hasura-protocol.md, "Where applied versions are recorded"). One store serves
 * every database of a run.
 */
export interface VersionStore {
  /**
   * Never writes. Throws `Failure` for a document that cannot be understood, `HasuraCallError`
   * otherwise.
   */
  read(database: string): Promise<StoredVersions>;
  /**
   * As of the last read: the setting `migration_mode` is not `"true"`, so nothing may be changed.
   */
  disabled(): boolean;
  /** As of the last read: the ledger's generation that was stored here for this database. */
  generation(database: string): bigint | undefined;
  /**
   * Reads again what others have written, and stops restoring what this run wrote for that database
   * before. Not during a write.
   */
  refresh?(database: string): Promise<void>;
  /**
   * Writes these changes; safe to repeat. Called one at a time. Throws `HasuraCallError`,
   * `Failure`.
   */
  write(changes: readonly StateChange[]): Promise<void>;
}
