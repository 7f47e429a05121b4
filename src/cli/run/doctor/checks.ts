import type { CheckState } from "../../../protocol/events.ts";
import { Failure, type Kind } from "../../../protocol/failure.ts";

/** What one check found. */
export interface Check {
  readonly name: string;
  readonly state: CheckState;
  readonly message: string;
  /** Milliseconds. */
  readonly tookMs: number;
  readonly failure?: Failure;
}

/** Makes checks one after the other and reports each; one that throws has failed, and so has the whole. */
export class CheckList {
  readonly #now: () => number;
  readonly #report: (check: Check) => void;
  #since: number;
  #failed: Kind[] = [];

  constructor(now: () => number, report: (check: Check) => void) {
    this.#now = now;
    this.#report = report;
    this.#since = now();
  }

  /** The kinds of all failures. */
  get failed(): readonly Kind[] {
    return this.#failed;
  }

  ok(name: string, message: string): void {
    this.add({ name, state: "ok", message, tookMs: this.#elapsed() });
  }

  warning(name: string, message: string): void {
    this.add({ name, state: "warning", message, tookMs: this.#elapsed() });
  }

  failure(name: string, failure: Failure): void {
    const { message } = failure;
    this.add({ name, state: "failed", message, tookMs: this.#elapsed(), failure });
  }

  /**
   * Something that could not be read. Where only a permission is missing that nothing else needs, the check is skipped with this
   * message, and true is returned; otherwise it has failed.
   */
  unread(name: string, thrown: unknown, withoutPermission: string): boolean {
    if (!(thrown instanceof Failure)) throw thrown;
    if (thrown.code !== "access-denied") {
      this.failure(name, thrown);
      return false;
    }
    this.add({ name, state: "skipped", message: withoutPermission, tookMs: 0 });
    return true;
  }

  skipped(names: readonly string[]): void {
    for (const name of names)
      this.add({ name, state: "skipped", message: "not checked", tookMs: 0 });
  }

  /** A check made elsewhere. */
  add(check: Check): void {
    if (check.failure) this.#failed = [...this.#failed, check.failure.kind];
    this.#report(check);
  }

  /** Makes a check. Resolves to undefined where it failed; anything but a `Failure` is thrown on. */
  async make<T>(
    name: string,
    work: () => Promise<T>,
    words: (found: T) => string,
  ): Promise<T | undefined> {
    this.#since = this.#now();
    try {
      const found = await work();
      this.ok(name, words(found));
      return found;
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      this.failure(name, thrown);
      return undefined;
    }
  }

  #elapsed(): number {
    const now = this.#now();
    const tookMs = Math.max(0, now - this.#since);
    this.#since = now;
    return tookMs;
  }
}
