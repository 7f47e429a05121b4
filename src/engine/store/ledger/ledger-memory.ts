import type { RunActor } from "../store.ts";
import type { LedgerSnapshot } from "./snapshot.ts";

type Actors = ReadonlyMap<string, RunActor>;

interface Kept {
  readonly snapshot: LedgerSnapshot;
  /** The actors of runs in that ledger, by run id. */
  readonly actors: Actors;
}

const none: Actors = new Map();

/**
 * What a warm process has read from the ledgers, by database. Each use asks the ledger for later changes, and whether it is the same
 * ledger at all, so an outdated entry costs only time.
 */
export class LedgerMemory {
  readonly #kept = new Map<string, Kept>();

  snapshotOf(database: string): LedgerSnapshot | undefined {
    return this.#kept.get(database)?.snapshot;
  }

  /** Keeps a snapshot; `goneOnFrom`: the kept snapshot that it continues, if any. */
  keep(database: string, snapshot: LedgerSnapshot, goneOnFrom?: LedgerSnapshot): void {
    const before = this.#kept.get(database);
    const isContinued = goneOnFrom !== undefined && before?.snapshot === goneOnFrom;
    this.#kept.set(database, { snapshot, actors: isContinued ? before.actors : none });
  }

  actorsOf(database: string): Actors {
    return this.#kept.get(database)?.actors ?? none;
  }

  /** Keeps more actors, read after the snapshot. Returns all known ones; the same map if there are no new ones. */
  addActors(database: string, more: Actors): Actors {
    const before = this.#kept.get(database);
    if (!before) return more;
    if (more.size === 0) return before.actors;
    const actors = new Map([...before.actors, ...more]);
    this.#kept.set(database, { ...before, actors });
    return actors;
  }
}
