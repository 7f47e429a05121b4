import { join, resolve } from "node:path";
import { realFileSystem, type FileSystem } from "./file-system.ts";
import { checksumOfBytes, textOf } from "./migration-file.ts";
import {
  inventoryFrom,
  isRunnable,
  type InventoryEntry,
  type ProjectInventory,
} from "./inventory.ts";
import { locateMigrations, readProject, type Project } from "./project.ts";
import { ReadAhead } from "./read-ahead.ts";
import { entryPath, type MigrationFile } from "./scan.ts";

export type { InventoryEntry as ProjectEntry };
export type { FileSystem };

/** A project with the checksums of its files, all read from the same state. */
export interface ProjectFiles {
  readonly project: Project;
  readonly inventory: ProjectInventory;
  /** The checksum of a file when it was read. */
  checksumOf(file: MigrationFile): string;
  /** The size in bytes of a file. Throws as `node:fs` does. */
  sizeOf(file: MigrationFile): number;
  /** The text of a file as it is now, or why it cannot be run. Throws as `node:fs` does. */
  textOf(file: MigrationFile): Promise<ReturnType<typeof textOf>>;
  /**
   * True if all files, and every text that was read from them, are of one state of the directory. Some time after the files were read,
   * they are read again and compared.
   */
  isUnchanged(): Promise<boolean>;
}

interface ReadingOptions {
  /** Epoch milliseconds, to be compared with the times of files. */
  readonly now: () => number;
  readonly fs?: FileSystem;
  /** Gives other work of this process a turn. */
  readonly pause?: () => Promise<void>;
}

/** How long the files that were read count as current, in milliseconds. */
const presentMs = 5000;

/** Reads a project and every file in it. Throws what `readProject` and reading the files throws. */
export async function readProjectFiles(
  directory: string,
  options: ReadingOptions,
): Promise<ProjectFiles> {
  const { now, fs = realFileSystem } = options;
  const startedAt = now();
  const { project, inventory, checksums, ahead } = await readOnce(directory, options);
  const checksumOf = (file: MigrationFile): string => checksums.get(file) ?? "";
  let isTextChanged = false;
  return {
    project,
    inventory,
    checksumOf,
    sizeOf: (file) => ahead.sizeOf(pathOf(file, project)),
    async textOf(file) {
      try {
        const bytes = await fs.read(pathOf(file, project));
        if (checksumOfBytes(bytes) !== checksumOf(file)) isTextChanged = true;
        return textOf(bytes);
      } catch (error) {
        isTextChanged = true;
        throw error;
      }
    },
    async isUnchanged() {
      if (isTextChanged) return false;
      if (ahead.isConsistent() && now() < startedAt + presentMs) return true;
      return (await digestOf(directory, options)) === inventory.digest;
    },
  };
}

interface Reading {
  readonly project: Project;
  readonly inventory: ProjectInventory;
  readonly checksums: ReadonlyMap<MigrationFile, string>;
  readonly ahead: ReadAhead;
}

async function readOnce(
  directory: string,
  { now, fs = realFileSystem, pause = async () => undefined }: ReadingOptions,
): Promise<Reading> {
  const ahead = new ReadAhead(fs, now());
  const migrations = await migrationsIn(directory, ahead.fileSystem);
  if (migrations !== undefined) await ahead.read(migrations, pause);
  const project = await readProject(directory, ahead.fileSystem);
  const checksums = new Map<MigrationFile, string>();
  for (const file of filesOf(project))
    checksums.set(file, ahead.checksumOf(pathOf(file, project)) ?? (await file.checksum()));
  const inventory = inventoryFrom(project, (file) => checksums.get(file) ?? "");
  return { project, inventory, checksums, ahead };
}

/** The digest of what is in a directory now; undefined if it cannot be read. */
async function digestOf(directory: string, options: ReadingOptions): Promise<string | undefined> {
  try {
    return (await readOnce(directory, options)).inventory.digest;
  } catch {
    return undefined;
  }
}

/** Undefined if there are none; `readProject` then reports why. */
async function migrationsIn(directory: string, fs: FileSystem): Promise<string | undefined> {
  try {
    return (await locateMigrations(resolve(directory), fs)).directory;
  } catch {
    return undefined;
  }
}

function filesOf({ databases }: Project): MigrationFile[] {
  return [...databases.values()]
    .flat()
    .filter(isRunnable)
    .flatMap(({ up, down }) => [up, down].filter((file) => file !== undefined));
}

function pathOf(file: MigrationFile, { root }: Project): string {
  return file.path.startsWith("..") ? join(root, file.path) : entryPath(root, file.path);
}
