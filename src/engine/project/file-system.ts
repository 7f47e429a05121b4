import { readdirSync, readFileSync, statSync } from "node:fs";

/** What is read of a disk. Paths are absolute or relative to the working directory, as `node:fs` takes them. */
export interface FileSystem {
  /** Names and kinds of a directory's entries; symbolic links are not followed. Throws as `node:fs` does. */
  list(directory: string): readonly Entry[];
  /** What a path leads to, links followed. Throws as `node:fs` does. */
  stat(path: string): { readonly kind: "file" | "directory" | "other"; readonly size: number };
  read(path: string): Promise<Uint8Array>;
}

export interface Entry {
  readonly name: string;
  readonly kind: "file" | "directory" | "link" | "other";
}

/**
 * The real one. Synchronous on purpose: 5,000 migrations are 20,000 tiny calls, and each costs five times more through the
 * thread pool than it takes by itself. Nothing else waits for a turn meanwhile: a process serves one run.
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
  read: (path) => new Promise((resolve) => resolve(readFileSync(path))),
};

/** The code of a failed file operation, such as `ENOENT`. */
export function fileErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
