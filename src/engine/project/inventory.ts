import { createHash } from "node:crypto";
import { mapConcurrent } from "./map-concurrent.ts";
import type { Version } from "../../protocol/migration.ts";
import type { Project } from "./project.ts";
import type { Migration, MigrationFile } from "./scan.ts";

/** A migration and the hash of everything that a run uses of it. */
export interface InventoryEntry {
  readonly version: Version;
  /** Hash of its name and its files, 32 hex characters. */
  readonly digest: string;
  readonly migration: Migration;
  /** Checksum of its up file. */
  readonly checksum?: string;
}

/** The files of a project. */
export interface ProjectInventory {
  /** Hash of everything in it, 64 hex characters. */
  readonly digest: string;
  readonly databases: ReadonlyMap<string, readonly InventoryEntry[]>;
}

/**
 * The inventory of a project, from the checksums of its files, which are not asked again while its contents are the same. Metadata
 * migrations of config version 1 are left out: they are never run. Throws what reading the files throws.
 */
export async function inventoryOf(project: Project): Promise<ProjectInventory> {
  const databases = new Map<string, readonly InventoryEntry[]>();
  for (const [name, migrations] of project.databases)
    databases.set(name, await entriesOf(migrations, project.contents));
  return { digest: digestOfAll(project.configVersion, databases), databases };
}

/** The same from checksums that are known already. */
export function inventoryFrom(
  project: Project,
  checksumOf: (file: MigrationFile) => string,
): ProjectInventory {
  const databases = new Map(
    [...project.databases].map(
      ([name, migrations]) =>
        [
          name,
          migrations
            .filter(isRunnable)
            .map((migration) =>
              entryOf(
                migration,
                migration.up && checksumOf(migration.up),
                migration.down && checksumOf(migration.down),
              ),
            ),
        ] as const,
    ),
  );
  return { digest: digestOfAll(project.configVersion, databases), databases };
}

/** Entries of the migrations of one database, and the contents that they were made from. */
interface MadeEntries {
  readonly contents: object;
  readonly entries: readonly InventoryEntry[];
}

const lastMade = new WeakMap<readonly Migration[], MadeEntries>();

async function entriesOf(
  migrations: readonly Migration[],
  contents: object | undefined,
): Promise<readonly InventoryEntry[]> {
  const last = lastMade.get(migrations);
  if (last && last.contents === contents) return last.entries;
  const entries = await mapConcurrent(migrations.filter(isRunnable), async (migration) =>
    entryOf(migration, await migration.up?.checksum(), await migration.down?.checksum()),
  );
  if (contents) lastMade.set(migrations, { contents, entries });
  return entries;
}

/** False for a metadata migration of config version 1. */
export function isRunnable({ up, down }: Migration): boolean {
  return up?.runnable !== false && down?.runnable !== false;
}

function entryOf(
  migration: Migration,
  checksum: string | undefined,
  downChecksum: string | undefined,
): InventoryEntry {
  const { version, name } = migration;
  const digest = sha256([checksum ?? "", downChecksum ?? "", name].join("\n"));
  return {
    ...{ version, migration, digest: digest.slice(0, 32) },
    ...(checksum !== undefined && { checksum }),
  };
}

function digestOfAll(configVersion: number, databases: ProjectInventory["databases"]): string {
  const lines = [...databases]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, entries]) => [name, entries.map(({ version, digest }) => [version, digest])]);
  return sha256(JSON.stringify([configVersion, lines]));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
