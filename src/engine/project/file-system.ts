import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";

/** Reads files. Paths are absolute, or relative to the working directory. */
export interface FileSystem {
  /** A directory's entries; symbolic links are not followed. Throws as `node:fs` does. */
  list(directory: string): readonly Entry[];
  /** Kind and size of what a path refers to; links are followed. Throws as `node:fs` does. */
  stat(path: string): { readonly kind: "file" | "directory" | "other"; readonly size: number };
  /** The path without symbolic links. Throws as `node:fs` does. */
  realPath(path: string): string;
  read(path: string): Promise<Uint8Array>;
}

export interface Entry {
  readonly name: string;
  readonly kind: "file" | "directory" | "link" | "other";
}

/**
 * The disk. Synchronous because 5,000 migrations are 20,000 tiny calls, each of which takes five times longer through the thread
 * pool. Nothing else is kept waiting: a process serves one run at a time.
 */
export const realFileSystem: FileSystem = {
  list: (directory) =>
    readdirSync(directory, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      kind: entry.isFile()
        ? "file"
        : entry.isDirectory()
          ? "directory"
          : entry.isSymbolicLink()
            ? "link"
            : "other",
    })),
  stat: (path) => {
    const found = statSync(path);
    return {
      kind: found.isFile() ? "file" : found.isDirectory() ? "directory" : "other",
      size: found.size,
    };
  },
  realPath: (path) => realpathSync(path),
  read: (path) => new Promise((resolve) => resolve(readFileSync(path))),
};
