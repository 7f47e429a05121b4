import type { Database } from "../books.ts";
import type { BooksContext } from "../catalog-books.ts";
import type { RunDescription } from "./calls.ts";

/** What the ledger's books need of a run, beyond what all books share. */
export interface LedgerContext extends BooksContext {
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
