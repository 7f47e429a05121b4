import type { Version } from "../../../protocol/migration.ts";
import type { StateChange, VersionChange, VersionStore } from "../catalog/version-store.ts";
import type { WriteQueue } from "../catalog/write-queue.ts";
import type { DoneStep } from "./commit-tracker.ts";
import type { Reconciliation } from "./reconcile.ts";

/** The result of waiting for the writes. */
export type SyncResult = "written" | "failed" | "failed-again";

/** Versions that were recorded as applied, and those whose record was removed. */
export interface RecordedVersions {
  readonly applied?: readonly Version[];
  readonly removed?: readonly Version[];
}

/**
 * Keeps Hasura's catalog state up to date with the ledger of one database. A version is written
 * only when its commit is certain: a wrong entry there would look the same as a database restored
 * from a backup.
 */
export class CatalogSync {
  readonly #database: string;
  readonly #writer: WriteQueue;
  readonly #versions: Pick<VersionStore, "generation">;
  #synced: bigint;
  /**
   * Versions that a person has to resolve. Until then no generation is written, or they would
   * be believed.
   */
  #inDoubt: readonly Version[] = [];
  #isCompared = false;
  #isSyncing = false;
  #failureReported = false;

  constructor(options: {
    readonly database: string;
    readonly writer: WriteQueue;
    readonly versions: Pick<VersionStore, "generation">;
    /** The generation up to which the catalog has been written. */
    readonly synced: bigint;
  }) {
    this.#database = options.database;
    this.#writer = options.writer;
    this.#versions = options.versions;
    this.#synced = options.synced;
  }

  /** The generation up to which the catalog has been written. */
  get synced(): bigint {
    return this.#synced;
  }

  /** The catalog holds, or is being written, everything that the ledger holds. */
  get isSyncing(): boolean {
    return this.#isSyncing;
  }

  /** Both have been compared, and no version is in doubt, or no longer. */
  get isSettled(): boolean {
    return this.#isCompared && this.#inDoubt.length === 0;
  }

  /** Versions found to be in doubt when both were read; nothing is written yet. */
  found({ inDoubt, rolledBack }: Pick<Reconciliation, "inDoubt" | "rolledBack">): void {
    this.#isCompared = true;
    this.#inDoubt = [...inDoubt, ...rolledBack];
  }

  /** Writes the changes found when both were read. `written`: the generation that the catalog holds. */
  reconciled(
    { catalogChanges }: Pick<Reconciliation, "catalogChanges">,
    generation: bigint,
    written: bigint | undefined,
  ): void {
    this.#isSyncing = this.#inDoubt.length === 0;
    const changes = catalogChanges.map(({ version, to }) => this.#version(version, to));
    // A newer generation also without changes: other tools' changes are trusted only together with the
    // newest one.
    const isBehind = this.#isSyncing && (written ?? 0n) !== generation;
    if (changes.length > 0 || isBehind)
      this.#writer.record(...changes, ...this.#generationUnlessInDoubt(generation));
  }

  /** Writes a step whose commit is certain, together with others. */
  confirmed({ version, direction }: DoneStep, generation: bigint): void {
    const to = direction === "up" ? "applied" : "absent";
    this.#writer.note(this.#version(version, to), this.#generation(generation));
  }

  /** Takes back a step whose commit did not happen. */
  undone({ version, direction }: DoneStep): void {
    this.#writer.record(this.#version(version, direction === "up" ? "absent" : "applied"));
  }

  /**
   * Writes versions that one ledger transaction recorded without running them. They are then no longer in doubt. All are written
   * at once: a catalog with this generation but only some of the versions would look as if another tool had changed the others.
   */
  recorded({ applied = [], removed = [] }: RecordedVersions, generation: bigint): void {
    const versions = [...applied, ...removed];
    this.#inDoubt = this.#inDoubt.filter((version) => !versions.includes(version));
    this.#writer.record(
      ...applied.map((version) => this.#version(version, "applied")),
      ...removed.map((version) => this.#version(version, "absent")),
      ...this.#generationUnlessInDoubt(generation),
    );
  }

  /** Waits until everything is written. `generation`: the newest one that is certain. */
  async settle(generation: bigint): Promise<SyncResult> {
    if ((await this.#writer.settle()) === undefined) {
      const written = this.#versions.generation(this.#database) ?? generation;
      this.#synced = written < generation ? written : generation;
      return "written";
    }
    if (this.#failureReported) return "failed-again";
    this.#failureReported = true;
    return "failed";
  }

  #version(version: Version, to: VersionChange["to"]): VersionChange {
    return { database: this.#database, version, to };
  }

  #generation(generation: bigint): StateChange {
    return { database: this.#database, generation: String(generation) };
  }

  #generationUnlessInDoubt(generation: bigint): StateChange[] {
    return this.#inDoubt.length === 0 ? [this.#generation(generation)] : [];
  }
}
