import { join } from "node:path";
import { realFileSystem, type FileState, type FileSystem } from "./file-system.ts";
import { inventoryOf, type InventoryEntry, type ProjectInventory } from "./inventory.ts";
import { isSameState, Observations } from "./observations.ts";
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
  /** True if no file has changed since it was read, so that all of them belong to the same state. */
  isUnchanged(): Promise<boolean>;
}

/**
 * Reads a project and every file in it. `now`: epoch milliseconds, to be compared with the times of files. Throws what `readProject`
 * and reading the files throws.
 */
export async function readProjectFiles(
  directory: string,
  { now, fs = realFileSystem }: { readonly now: () => number; readonly fs?: FileSystem },
): Promise<ProjectFiles> {
  const states = new Map<string, FileState>();
  const noting: FileSystem = {
    ...fs,
    read: async (path) => {
      // Taken before reading, so that a change during reading is noticed afterwards.
      if (!states.has(path)) states.set(path, fs.stat(path));
      return fs.read(path);
    },
  };
  const observations = new Observations(noting, now);
  const project = await readProject(directory, observations.fileSystem);
  observations.close();
  const inventory = await inventoryOf(project);
  return {
    project,
    inventory,
    sizeOf: (file) => states.get(join(project.root, file.path))?.size ?? 0,
    isUnchanged: async () => areSame(states, fs) && (await observations.stillHold()),
  };
}

function areSame(states: ReadonlyMap<string, FileState>, fs: FileSystem): boolean {
  try {
    return [...states].every(([path, before]) => isSameState(fs.stat(path), before));
  } catch {
    return false;
  }
}
