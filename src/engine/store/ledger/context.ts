import type { Database } from "../store.ts";
import type { StoreContext } from "../catalog/catalog-store.ts";
import type { RunDescription } from "./statements.ts";

/** What the ledger's books need of a run, beyond what all books share. */
export interface LedgerContext extends StoreContext {
  readonly database: Database;
  readonly description: RunDescription;
  readonly protected: boolean;
  /** Milliseconds to wait for another run. */
  readonly waitMs: number;
  /** A run that has not ended counts as live for this long after its last sign. */
  readonly liveMs: number;
}

/** How long a run without an end counts as live after its last sign of life. */
export const defaultLiveMs = 30_000;
