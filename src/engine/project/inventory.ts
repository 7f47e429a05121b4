import { createHash } from "node:crypto";
import { mapConcurrent } from "./map-concurrent.ts";
import type { Version } from "../../protocol/migration.ts";
import type { Project } from "./project.ts";
import type { Migration } from "./scan.ts";

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
 * The inventory of a project, from the checksums of its files. Metadata migrations of config version 1 are left out: they are never
 * run. Throws what reading the files throws.
 */
export async function inventoryOf(project: Project): Promise<ProjectInventory> {
  const databases = new Map<string, readonly InventoryEntry[]>();
  for (const [name, migrations] of project.databases)
    databases.set(name, await mapConcurrent(migrations.filter(isRunnable), entryOf));
  return { digest: digestOfAll(project.configVersion, databases), databases };
}

/** False for a metadata migration of config version 1. */
export function isRunnable({ up, down }: Migration): boolean {
  return up?.runnable !== false && down?.runnable !== false;
}

async function entryOf(migration: Migration): Promise<InventoryEntry> {
  const { version, name, up, down } = migration;
  const checksum = await up?.checksum();
  const digest = sha256([checksum ?? "", (await down?.checksum()) ?? "", name].join("\n"));
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
