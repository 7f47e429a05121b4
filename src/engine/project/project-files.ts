import { join } from "node:path";
import { realFileSystem, type FileSystem } from "./file-system.ts";
import { checksumOfBytes, textOf } from "./migration-file.ts";
import {
  inventoryFrom,
  isRunnable,
  type InventoryEntry,
  type ProjectInventory,
} from "./inventory.ts";
import { Observations, type Change } from "./observations.ts";
import { readProject, type Project } from "./project.ts";
import type { MigrationFile } from "./scan.ts";

export type { InventoryEntry as ProjectEntry };
export type { FileSystem };

/** A project with the checksums of its files, all read from the same state. */
export interface ProjectFiles {
  readonly project: Project;
  readonly inventory: ProjectInventory;
  /** The size in bytes of a file when it was read. */
  sizeOf(file: MigrationFile): number;
  /** The text of a file as it is now, or why it cannot be run. Throws as `node:fs` does. */
  textOf(file: MigrationFile): Promise<ReturnType<typeof textOf>>;
  /** True if no file has changed since it was read, so that all of them belong to the same state. */
  isUnchanged(): Promise<boolean>;
}

/**
 * Reads a project and every file in it. `now`: epoch milliseconds, to be compared with the times of files. Throws what `readProject`
 * and reading the files throws.
 */
export async function readProjectFiles(
  directory: string,
  {
    now,
    fs = realFileSystem,
    pause,
  }: {
    readonly now: () => number;
    readonly fs?: FileSystem;
    /** Lets other work of this process go on. */
    readonly pause?: () => Promise<void>;
  },
): Promise<ProjectFiles> {
  // The state of each file is taken before reading, so that a change during reading is noticed afterwards.
  const observations = new Observations(fs, now);
  const project = await readProject(directory, observations.fileSystem);
  observations.close();
  const checksums = await checksumsOf(project, fs, pause);
  return {
    project,
    inventory: inventoryFrom(project, (file) => checksums.get(file) ?? ""),
    sizeOf: (file) => observations.stateOf(join(project.root, file.path))?.size ?? 0,
    textOf: async (file) => textOf(await fs.read(join(project.root, file.path))),
    isUnchanged: async () => unchanged.has(await observations.change()),
  };
}

/** So soon after a change the times are all there is to compare. */
const unchanged: ReadonlySet<Change> = new Set(["none", "too-soon"]);

/** So many files are read at once. */
const readsInTurn = 100;

/** The checksums of all files, with pauses in which requests to the network go on. */
async function checksumsOf(
  project: Project,
  fs: FileSystem,
  pause: (() => Promise<void>) | undefined,
): Promise<ReadonlyMap<MigrationFile, string>> {
  const checksums = new Map<MigrationFile, string>();
  const files = [...project.databases.values()]
    .flat()
    .filter(isRunnable)
    .flatMap(({ up, down }) => [up, down].filter((file) => file !== undefined));
  for (const file of files) {
    const now = checksumNow(join(project.root, file.path), fs);
    checksums.set(file, now ?? (await file.checksum()));
    if (checksums.size % readsInTurn === 0) await pause?.();
  }
  return checksums;
}

/** Undefined for a file that cannot be read at once: reading it in the usual way reports why. */
function checksumNow(path: string, fs: FileSystem): string | undefined {
  try {
    const bytes = fs.readNow?.(path);
    return bytes && checksumOfBytes(bytes);
  } catch {
    return undefined;
  }
}
