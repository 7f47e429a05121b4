import { keptRollbackPath, migrationLabel, type Version } from "../../protocol/migration.ts";
import { parseBody } from "../project/migration-file.ts";
import type { MigrationFile } from "../project/scan.ts";
import { isEmptySql } from "../sql/is-empty.ts";
import type { DatabaseState } from "../session.ts";
import type { KeptMigration } from "../store/store.ts";
import { findChecksumDrift } from "./checksum-drift.ts";
import { appliedWithoutFile, type RecordedMigration } from "./indexed-database.ts";

/**
 * The same state with what the migration store keeps of applied versions that have no file, or another up file than the one that was
 * applied: their names, and their down SQL as a file, so that they can be rolled back.
 */
export async function withKept(state: DatabaseState): Promise<DatabaseState> {
  return withKeptOf(state, appliedWithoutFile(state));
}

/** The same only for versions that have another up file than the one that was applied: what `apply` needs to know of them. */
export function withKeptOfChanged(state: DatabaseState): Promise<DatabaseState> {
  return withKeptOf(state, []);
}

async function withKeptOf(
  state: DatabaseState,
  versions: readonly Version[],
): Promise<DatabaseState> {
  const changed = await findChecksumDrift(state);
  const kept = await keptMigrations(state, [...versions, ...changed]);
  return { ...state, changed, ...(kept && { kept }) };
}

/** What the store keeps of these versions, as migrations; undefined if it keeps nothing. */
export async function keptMigrations(
  { store }: Pick<DatabaseState, "store">,
  versions: readonly Version[],
): Promise<ReadonlyMap<Version, RecordedMigration> | undefined> {
  if (store.kept === undefined) return undefined;
  const kept = versions.length > 0 ? await store.kept(versions) : new Map<Version, KeptMigration>();
  return new Map([...kept].map(([version, one]) => [version, migrationOf(version, one)]));
}

function migrationOf(
  version: Version,
  { name, downSql, appliedBy }: KeptMigration,
): RecordedMigration {
  return {
    version,
    name,
    canUndo: downSql !== undefined && !isEmptySql(downSql),
    ...(downSql !== undefined && {
      down: keptFile(keptRollbackPath(migrationLabel({ version, name })), downSql),
    }),
    ...(appliedBy && { appliedBy }),
  };
}

function keptFile(path: string, sql: string): MigrationFile {
  const body = async () => parseBody(Buffer.from(sql), path);
  return { path, runnable: true, body, checksum: async () => (await body()).checksum };
}
