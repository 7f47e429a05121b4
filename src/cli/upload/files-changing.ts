import type { FileSystem } from "../../engine/project/file-system.ts";
import type { ObservedDisk } from "../../engine/project/project-metadata.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";

/** How often a directory is read if it keeps changing. */
export const mostReads = 3;

/**
 * Reads files of a directory, and never mixes two states: if some have changed meanwhile, they are read again.
 * Throws usage/files-changing, and what `read` does.
 */
export async function readUnchanged<T>(
  root: string,
  observe: () => ObservedDisk,
  read: (fs: FileSystem) => Promise<T>,
): Promise<T> {
  for (let reads = 1; ; reads += 1) {
    const disk = observe();
    try {
      const result = await read(disk.fs);
      if (await disk.isUnchanged()) return result;
    } catch (thrown) {
      // A file may be gone, or half written.
      if (reads >= mostReads || (await disk.isUnchanged())) throw thrown;
    }
    if (reads >= mostReads) throw filesChanging(root);
  }
}

/** For a directory that changed each time it was read. */
export function filesChanging(root: string): Failure {
  return new Failure(
    "usage",
    "files-changing",
    `The files in ${root} kept changing while they were read; nothing was sent.`,
    { hints: [retryHint({ reason: "when no program is changing them any more" })] },
  );
}
