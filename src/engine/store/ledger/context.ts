import type { StoreContext } from "../../context.ts";
import type { Database } from "../store.ts";
import type { LedgerMemory } from "./ledger-memory.ts";
import type { RunDescription } from "./statements.ts";

/** What the ledger store needs of a run, beyond what every store needs. */
export interface LedgerContext extends StoreContext {
  readonly database: Database;
  readonly description: RunDescription;
  readonly protected: boolean;
  /** Milliseconds to wait for another run. */
  readonly waitMs: number;
  /** Milliseconds for which a run that has not ended counts as live after its last activity. */
  readonly liveMs: number;
  /** Whether the text of down files is kept; by default it is. */
  readonly keepsDownSql?: boolean;
  /** Whether metadata that is replaced is kept; by default it is. */
  readonly keepsMetadata?: boolean;
  /** Removes secrets from a text before the ledger keeps it. */
  readonly redact?: (text: string) => string;
  /** What this process has read before; absent if nothing is kept. */
  readonly memory?: LedgerMemory;
}

export const defaultLiveMs = 30_000;
