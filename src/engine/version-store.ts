import type { Version } from "../protocol/migration.ts";

/** What the books become for one version. */
export interface Change {
  readonly database: string;
  readonly version: Version;
  readonly to: "applied" | "absent";
}

/** What a store says of one database. Presence of a version means applied. */
export type StoredVersions = ReadonlyMap<Version, { readonly dirty: boolean }>;

/**
 * Where versions are recorded: the catalog state, or a table in older projects (protocol section 2.1).
 * One store serves every database of a run.
 */
export interface VersionStore {
  /** Reads; never writes. Throws `Failure` for a document that cannot be understood, `HasuraCallError` for the rest. */
  read(database: string): Promise<StoredVersions>;
  /** As of the last read: the setting `migration_mode` is something else than `"true"`, so nothing may be changed. */
  disabled(): boolean;
  /** Writes these changes, and is safe to repeat. Called one at a time. Throws `HasuraCallError`, `Failure`. */
  write(changes: readonly Change[]): Promise<void>;
}
