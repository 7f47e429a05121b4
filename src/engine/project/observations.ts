import { errorCode } from "../../system-error.ts";
import type { Entry, FileState, FileSystem } from "./file-system.ts";

/** Two changes of a file that are closer than this may have the same timestamps: some file systems count in steps of two seconds. */
const longestTickMs = 3000;

/** True if nothing has changed between two observations of a file or directory, provided that the first found it settled. */
export function isSameState(a: FileState, b: FileState): boolean {
  return (
    a.changedMs === b.changedMs &&
    a.modifiedMs === b.modifiedMs &&
    a.size === b.size &&
    a.inode === b.inode &&
    a.device === b.device &&
    a.kind === b.kind
  );
}

/** True if the last change is so long ago that a later one, after `atMs`, would be visible in the times. */
export function isSettled({ changedMs, modifiedMs }: FileState, atMs: number): boolean {
  return Math.max(changedMs, modifiedMs) <= atMs - longestTickMs;
}

interface Listing {
  readonly entries: readonly Entry[];
  /** As it was just before it was listed. */
  readonly state: FileState;
  readonly settled: boolean;
}

/**
 * What has changed since an observation: nothing, nothing that shows so soon after the last change, the contents of files that have
 * the same size, or which files there are, where they are and how large.
 */
export type Change = "none" | "too-soon" | "contents" | "places";

const absent = "absent";
type Absent = typeof absent;

/** A path that was looked at again. `at`: epoch milliseconds before. */
interface Seen {
  readonly path: string;
  readonly state: FileState | Absent;
  readonly at: number;
}

interface Comparison {
  readonly change: Change;
  /** What can be compared with from now on, where it is not what was compared with. */
  readonly seen: readonly Seen[];
}

const elsewhere: Comparison = { change: "places", seen: [] };

/**
 * Every query to a file system, with its answer. Conclusions remain valid while the answers are the same, which
 * takes one `stat` for each directory and file instead of listing the directories again.
 */
export class Observations {
  /** To be read through. */
  readonly fileSystem: FileSystem;
  readonly #fs: FileSystem;
  readonly #now: () => number;
  readonly #listings = new Map<string, Listing>();
  readonly #states = new Map<string, FileState | Absent>();
  /** Paths that were looked at so soon after a change that another might not show in their times. */
  readonly #unsettled = new Set<string>();
  /** Undefined for a path that leads to nothing. */
  readonly #realPaths = new Map<string, string | undefined>();
  readonly #contents = new Map<string, Uint8Array | Absent>();
  /** An answer was an error other than absence, so the other answers are not reliable. */
  #isIncomplete = false;
  #isClosed = false;

  /** `now`: epoch milliseconds, to be compared with the times of files. */
  constructor(fs: FileSystem, now: () => number) {
    this.#fs = fs;
    this.#now = now;
    this.fileSystem = {
      list: (directory) => this.#noted(() => this.#list(directory)).entries,
      stat: (path) => this.#stat(path),
      realPath: (path) => this.#realPath(path),
      read: (path) => (this.#isClosed ? fs.read(path) : this.#read(path)),
      isWritable: (path) => fs.isWritable(path),
    };
  }

  /** What is read from now on, such as the text of a migration, is no longer part of it. */
  close(): void {
    this.#isClosed = true;
  }

  /** Every directory that was listed. */
  get directories(): Iterable<string> {
    return this.#listings.keys();
  }

  /** What a path referred to when it was looked at; undefined if it was not, or was absent. */
  stateOf(path: string): FileState | undefined {
    const state = this.#states.get(path);
    return state === absent ? undefined : state;
  }

  /** What has changed since it was observed; the file system would give the same answers again unless it is `places`. Never throws. */
  async change(): Promise<Change> {
    return (await this.#compare()).change;
  }

  /** The same since the last call of this, if there was one. */
  async changeSinceLast(): Promise<Change> {
    const { change, seen } = await this.#compare();
    if (change !== "places") for (const { path, state, at } of seen) this.#keep(path, state, at);
    return change;
  }

  async #compare(): Promise<Comparison> {
    try {
      if (this.#isIncomplete || !this.#areSamePlaces()) return elsewhere;
      const compared = this.#compareStates();
      return (await this.#areSameContents()) ? compared : elsewhere;
    } catch {
      return elsewhere;
    }
  }

  #areSamePlaces(): boolean {
    for (const [directory, before] of this.#listings)
      if (!this.#isSameListing(directory, before)) return false;
    for (const [path, before] of this.#realPaths)
      if (realPathIn(this.#fs, path) !== before) return false;
    return true;
  }

  #compareStates(): Comparison {
    const seen: Seen[] = [];
    let change: Change = "none";
    for (const [path, before] of this.#states) {
      const at = this.#now();
      const state = stateOrAbsent(this.#fs, path);
      // A listing depends on these two alone.
      if (kindOf(state) !== kindOf(before) || sizeOf(state) !== sizeOf(before)) return elsewhere;
      const same = isSame(state, before);
      if (same && !this.#unsettled.has(path)) continue;
      if (!same) change = "contents";
      else if (change === "none") change = "too-soon";
      seen.push({ path, state, at });
    }
    return { change, seen };
  }

  #keep(path: string, state: FileState | Absent, at: number): void {
    this.#states.set(path, state);
    if (!isFile(state) || isSettled(state, at)) this.#unsettled.delete(path);
    else this.#unsettled.add(path);
  }

  #isSameListing(directory: string, before: Listing): boolean {
    if (before.settled) return isSameState(this.#fs.stat(directory), before.state);
    return sameEntries(this.#list(directory).entries, before.entries);
  }

  async #areSameContents(): Promise<boolean> {
    for (const [path, before] of this.#contents) {
      const now = await this.#fs.read(path).catch(absence);
      const same =
        now === absent || before === absent ? now === before : Buffer.compare(now, before) === 0;
      if (!same) return false;
    }
    return true;
  }

  /** Its state first: a change while it is listed then shows in the next one. */
  #list(directory: string): Listing {
    const at = this.#now();
    const state = this.#fs.stat(directory);
    const listing = {
      entries: this.#fs.list(directory),
      state,
      settled: isSettled(state, at),
    };
    this.#listings.set(directory, listing);
    return listing;
  }

  #stat(path: string): FileState {
    try {
      const at = this.#now();
      const state = this.#fs.stat(path);
      this.#keep(path, state, at);
      return state;
    } catch (error) {
      return this.#refused(this.#states, path, error);
    }
  }

  #realPath(path: string): string {
    try {
      const real = this.#fs.realPath(path);
      this.#realPaths.set(path, real);
      return real;
    } catch (error) {
      this.#noted(() => absence(error));
      this.#realPaths.set(path, undefined);
      throw error;
    }
  }

  async #read(path: string): Promise<Uint8Array> {
    try {
      const bytes = await this.#fs.read(path);
      this.#contents.set(path, bytes);
      return bytes;
    } catch (error) {
      return this.#refused(this.#contents, path, error);
    }
  }

  /** Notes that there is nothing, or that this could not be found out, and throws the error again. */
  #refused<T>(answers: Map<string, T | Absent>, path: string, error: unknown): never {
    answers.set(
      path,
      this.#noted(() => absence(error)),
    );
    throw error;
  }

  #noted<T>(ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      this.#isIncomplete = true;
      throw error;
    }
  }
}

/** Throws any other error again. */
function absence(error: unknown): Absent {
  if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return absent;
  throw error;
}

function stateOrAbsent(fs: FileSystem, path: string): FileState | Absent {
  try {
    return fs.stat(path);
  } catch (error) {
    return absence(error);
  }
}

function realPathIn(fs: FileSystem, path: string): string | undefined {
  try {
    return fs.realPath(path);
  } catch (error) {
    absence(error);
    return undefined;
  }
}

/** Only files are compared: what is in a directory is known from its listing. Both are of the same kind. */
function isSame(a: FileState | Absent, b: FileState | Absent): boolean {
  return !isFile(a) || !isFile(b) || isSameState(a, b);
}

function isFile(state: FileState | Absent): state is FileState {
  return state !== absent && state.kind === "file";
}

function kindOf(state: FileState | Absent): string {
  return state === absent ? absent : state.kind;
}

/** A directory's own size is meaningless for its content. */
function sizeOf(state: FileState | Absent): number {
  return state === absent || state.kind !== "file" ? 0 : state.size;
}

function sameEntries(a: readonly Entry[], b: readonly Entry[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, kind }, i) => name === b[i]?.name && kind === b[i].kind)
  );
}
