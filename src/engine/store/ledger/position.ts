/**
 * Where a run stands in the ledger. Advanced by the run's own changes; read again where another run
 * changed the ledger.
 */
export interface LedgerPosition {
  generation: bigint;
  /** That generation was made by this run, not only found by it. */
  ownGeneration: boolean;
  /** The generation up to which the catalog state has been written. */
  synced: bigint;
  /**
   * A request of this run without an answer may still be running, and reach at most this
   * generation.
   */
  inFlightUpTo: bigint;
}

/** Moves on after changes of this run that are known to be in the ledger. */
export function advance(position: LedgerPosition, changes = 1): void {
  position.generation += BigInt(changes);
  position.ownGeneration = true;
}
