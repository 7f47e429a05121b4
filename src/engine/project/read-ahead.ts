import type { Entry, FileState, FileSystem } from "./file-system.ts";
import { looksLikeMigration } from "./file-name.ts";
import { checksumOfBytes } from "./migration-file.ts";
import { isSameState, isSettled } from "./observations.ts";
import { entryPath } from "./scan.ts";

interface ReadFile {
  readonly checksum: string;
  readonly state: FileState;
}

/** After this many entries of a directory, other work of the process gets a turn. */
const entriesInTurn = 200;

/**
 * The files of a migrations directory, each read once, before the project is read. It knows whether they are all as they were when
 * reading began: this is so if no file has a later time after it was read.
 */
export class ReadAhead {
  /** The files that were read; everything else comes from the disk. */
  readonly fileSystem: FileSystem;
  readonly #fs: FileSystem;
  readonly #startedAt: number;
  readonly #listings = new Map<string, readonly Entry[]>();
  readonly #files = new Map<string, ReadFile>();
  readonly #realPaths = new Map<string, string>();
  /** What has another state after a directory above it was replaced, which no time in it shows. */
  readonly #anchors = new Map<string, FileState>();
  #isSettled = true;

  /** `startedAt`: epoch milliseconds, to be compared with the times of files. */
  constructor(fs: FileSystem, startedAt: number) {
    this.#fs = fs;
    this.#startedAt = startedAt;
    this.fileSystem = {
      list: (directory) =>
        this.#listings.get(directory) ?? this.#fromDisk(() => fs.list(directory)),
      stat: (path) => this.#files.get(path)?.state ?? this.#stat(path),
      realPath: (path) => this.#realPath(path),
      read: (path) => this.#read(path),
      isWritable: (path) => fs.isWritable(path),
    };
  }

  /**
   * Reads what looks like a migration in a migrations directory, or in the folders of databases in it. Leaves out what cannot be read:
   * the code that needs it reads it again and reports the error. `pause` gives other work of the process a turn.
   */
  async read(directory: string, pause: () => Promise<void>): Promise<void> {
    this.#anchor(directory);
    await this.#readPlace(directory, pause, (path) => this.#readPlace(path, pause));
  }

  /** The checksum of a file's text, if it was read. */
  checksumOf(path: string): string | undefined {
    return this.#files.get(path)?.checksum;
  }

  /** The size of a file in bytes. Throws as `node:fs` does. */
  sizeOf(path: string): number {
    return (this.#files.get(path)?.state ?? this.#fs.stat(path)).size;
  }

  /** True if everything, also what was read from the disk later, is as it was when reading began. */
  isConsistent(): boolean {
    return (
      this.#isSettled &&
      [...this.#realPaths].every(([path, real]) => this.#isReal(path, real)) &&
      [...this.#anchors].every(([path, state]) => this.#isSame(path, state))
    );
  }

  async #readPlace(
    directory: string,
    pause: () => Promise<void>,
    readFolder?: (path: string) => Promise<void>,
  ): Promise<void> {
    for (const [i, { name, kind }] of this.#list(directory).entries()) {
      const path = entryPath(directory, name);
      if (kind === "file" && looksLikeMigration(name)) this.#readFile(path);
      if (kind === "directory" && looksLikeMigration(name)) this.#readMigration(path);
      else if (kind === "directory") await readFolder?.(path);
      if ((i + 1) % entriesInTurn === 0) await pause();
    }
  }

  #readMigration(directory: string): void {
    for (const { name, kind } of this.#list(directory))
      if (kind === "file" && name.endsWith(".sql")) this.#readFile(entryPath(directory, name));
  }

  #list(directory: string): readonly Entry[] {
    try {
      const entries = this.#fs.list(directory);
      this.#note(this.#fs.stat(directory));
      this.#listings.set(directory, entries);
      return entries;
    } catch {
      return [];
    }
  }

  #readFile(path: string): void {
    try {
      const read = this.#fs.readNow?.(path);
      if (read === undefined) return;
      this.#note(read.state);
      this.#files.set(path, { state: read.state, checksum: checksumOfBytes(read.bytes) });
    } catch {
      // The code that needs the file reads it again and reports the error.
    }
  }

  #note(state: FileState): void {
    if (!isSettled(state, this.#startedAt)) this.#isSettled = false;
  }

  #stat(path: string): FileState {
    const state = this.#noted(() => this.#fs.stat(path));
    // What is in a directory is known from its listing.
    if (state.kind !== "directory") this.#isSettled = false;
    return state;
  }

  #realPath(path: string): string {
    const real = this.#noted(() => this.#fs.realPath(path));
    this.#realPaths.set(path, real);
    return real;
  }

  #isReal(path: string, real: string): boolean {
    try {
      return this.#fs.realPath(path) === real;
    } catch {
      return false;
    }
  }

  #isSame(path: string, state: FileState): boolean {
    try {
      return isSameState(this.#fs.stat(path), state);
    } catch {
      return false;
    }
  }

  #anchor(path: string): void {
    try {
      const state = this.#fs.stat(path);
      this.#note(state);
      this.#anchors.set(path, state);
    } catch {
      this.#isSettled = false;
    }
  }

  async #read(path: string): Promise<Uint8Array> {
    try {
      const bytes = await this.#fs.read(path);
      this.#anchor(path);
      return bytes;
    } catch (error) {
      this.#isSettled = false;
      throw error;
    }
  }

  /** For a result that may be newer than the beginning, because it has no time. */
  #fromDisk<T>(ask: () => T): T {
    this.#isSettled = false;
    return ask();
  }

  /** The same for an error: a file that is absent has no time. */
  #noted<T>(ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      this.#isSettled = false;
      throw error;
    }
  }
}
