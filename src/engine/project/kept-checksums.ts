import type { FileState, FileSystem } from "./file-system.ts";
import { isSameState, isSettled } from "./observations.ts";

interface KnownChecksum {
  /** The file as it was before it was read. */
  readonly state: FileState;
  readonly checksum: string;
}

/** Checksums of files, each read again only when the file may have changed since. */
export class KeptChecksums {
  readonly #fs: FileSystem;
  readonly #now: () => number;
  readonly #known = new Map<string, KnownChecksum>();

  /** `now`: epoch milliseconds, to be compared with the times of files. */
  constructor(fs: FileSystem, now: () => number) {
    this.#fs = fs;
    this.#now = now;
  }

  /** The checksum of the file at a path, which `read` reads. Throws what `read` throws. */
  async of(path: string, read: () => Promise<string>): Promise<string> {
    const at = this.#now();
    const state = this.#stateOf(path);
    const known = this.#known.get(path);
    if (known && state && isSameState(known.state, state)) return known.checksum;
    this.#known.delete(path);
    const checksum = await read();
    if (state && isSettled(state, at)) this.#known.set(path, { state, checksum });
    return checksum;
  }

  #stateOf(path: string): FileState | undefined {
    try {
      return this.#fs.stat(path);
    } catch {
      return undefined; // reading it reports the error
    }
  }
}
