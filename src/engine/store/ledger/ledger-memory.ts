import type { RunActor } from "../store.ts";
import type { LedgerSnapshot } from "./snapshot.ts";

type Actors = ReadonlyMap<string, RunActor>;

interface Kept {
  readonly snapshot: LedgerSnapshot;
  /** Of runs in that ledger, by their ids. */
  readonly actors: Actors;
}

const none: Actors = new Map();

/**
 * What a warm process has read of the ledgers, by database. Only a beginning: each use asks the ledger what has changed since, or
 * whether it is the same at all, so an entry that is out of date costs time and nothing else.
 */
export class LedgerMemory {
  readonly #kept = new Map<string, Kept>();

  snapshotOf(database: string): LedgerSnapshot | undefined {
    return this.#kept.get(database)?.snapshot;
  }

  /** Keeps a snapshot; `goneOnFrom`: the kept one that it goes on from, if it does. */
  keep(database: string, snapshot: LedgerSnapshot, goneOnFrom?: LedgerSnapshot): void {
    const before = this.#kept.get(database);
    const isContinued = goneOnFrom !== undefined && before?.snapshot === goneOnFrom;
    this.#kept.set(database, { snapshot, actors: isContinued ? before.actors : none });
  }

  actorsOf(database: string): Actors {
    return this.#kept.get(database)?.actors ?? none;
  }

  /** Keeps more of them, read after the snapshot. Returns all that are known, and the same map where there are no more. */
  addActors(database: string, more: Actors): Actors {
    const before = this.#kept.get(database);
    if (!before) return more;
    if (more.size === 0) return before.actors;
    const actors = new Map([...before.actors, ...more]);
    this.#kept.set(database, { ...before, actors });
    return actors;
  }
}
