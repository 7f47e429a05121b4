import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
  type Stats,
} from "node:fs";

/** Reads files. Paths are absolute, or relative to the working directory. */
export interface FileSystem {
  /** A directory's entries; symbolic links are not followed. Throws as `node:fs` does. */
  list(directory: string): readonly Entry[];
  /** What a path refers to; links are followed. Throws as `node:fs` does. */
  stat(path: string): FileState;
  /** The path without symbolic links. Throws as `node:fs` does. */
  realPath(path: string): string;
  read(path: string): Promise<Uint8Array>;
  /** The same for thousands of files, each of which would wait for promises; absent where files cannot be read at once. */
  readNow?(path: string): FileReading;
  /** Whether this process may write there. False also for a path that does not exist. */
  isWritable(path: string): boolean;
}

/** What is known about a file or directory without reading it. A change to its content changes a field other than `kind`. */
export interface FileState {
  readonly kind: "file" | "directory" | "other";
  readonly size: number;
  readonly device: number;
  readonly inode: number;
  /** Epoch milliseconds. Programs can set it. */
  readonly modifiedMs: number;
  /** Epoch milliseconds of the last change of content, name or permissions, by the file system's clock. */
  readonly changedMs: number;
}

/** The content of a file, and its state after it was read. The next read may overwrite the bytes. */
export interface FileReading {
  readonly bytes: Uint8Array;
  readonly state: FileState;
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
  stat: (path) => stateOf(statSync(path)),
  realPath: (path) => realpathSync.native(path),
  read: (path) => new Promise((resolve) => resolve(readWhole(path))),
  readNow: readWithState,
  isWritable: (path) => {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
};

/** What is neither a file nor a directory, such as a named pipe, from which a read could wait forever. */
export class NotAFile extends Error {
  readonly code = "EINVAL";
}

/** Opens a file for reading; does not wait for the writer of a pipe. */
function opened<T>(path: string, read: (file: number) => T): T {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}

function readWhole(path: string): Uint8Array {
  return opened(path, (file) => {
    fileState(file, path);
    return readFileSync(file);
  });
}

function fileState(file: number, path: string): FileState {
  const state = stateOf(fstatSync(file));
  if (state.kind === "other") throw new NotAFile(`${path} is a pipe or a device`);
  return state;
}

/** A buffer for all files that fit into it, as most migrations do. */
const buffer = Buffer.alloc(65_536);

function readWithState(path: string): FileReading {
  return opened(path, (file) => {
    const length = readSync(file, buffer, 0, buffer.length, 0);
    const state = fileState(file, path);
    if (length === state.size) return { bytes: buffer.subarray(0, length), state };
    // The file is larger than the buffer, or has just changed.
    const bytes = readFileSync(file);
    return { bytes, state: fileState(file, path) };
  });
}

function stateOf(found: Stats): FileState {
  return {
    kind: found.isFile() ? "file" : found.isDirectory() ? "directory" : "other",
    size: found.size,
    device: found.dev,
    inode: found.ino,
    modifiedMs: found.mtimeMs,
    changedMs: found.ctimeMs,
  };
}
