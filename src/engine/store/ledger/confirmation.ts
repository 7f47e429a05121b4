import type { Direction, Version } from "../../../protocol/migration.ts";

/** A step that was reported as done. */
export interface DoneStep {
  readonly version: Version;
  readonly direction: Direction;
}

/** What a look at the ledger showed. */
export interface ConfirmationResult {
  /** The last step, now certain; absent where there was none, or its commit did not happen. */
  readonly confirmed?: DoneStep;
  /** Steps that had counted as confirmed, and whose commit did not happen. */
  readonly undone: readonly DoneStep[];
}

/**
 * Which of a run's steps are certain. A commit can be reported as successful and still not have happened. A step
 * is certain when the next one has found the generation that it made, or when a look at the ledger
 * shows it; so the last one is in question until then.
 */
export class Confirmation {
  readonly #done = new Map<Version, Direction>();
  #unconfirmed: DoneStep | undefined;
  #generation: bigint;
  #lost: readonly Version[] = [];

  constructor(generation: bigint) {
    this.#generation = generation;
  }

  /** The newest generation that certainly exists. */
  get generation(): bigint {
    return this.#generation;
  }

  /** True where the last step is in question. */
  get isPending(): boolean {
    return this.#unconfirmed !== undefined;
  }

  /** A generation that was read in the ledger. */
  reached(generation: bigint): void {
    this.#generation = generation;
  }

  /**
   * A step that found the generation `before` is done. Returns the step before it, which this
   * confirms.
   */
  stepDone(step: DoneStep, before: bigint): DoneStep | undefined {
    const confirmed = this.#unconfirmed;
    this.#generation = before;
    this.#done.set(step.version, step.direction);
    this.#unconfirmed = step;
    return confirmed;
  }

  /**
   * Compares with the versions that the ledger shows as applied. `generation`: the one that all
   * steps together have made.
   */
  check(applied: { has(version: Version): boolean }, generation: bigint): ConfirmationResult {
    const last = this.#unconfirmed;
    const missing = [...this.#done]
      .map(([version, direction]): DoneStep => ({ version, direction }))
      .filter(({ version, direction }) => applied.has(version) !== (direction === "up"));
    for (const { version } of missing) this.#done.delete(version);
    this.#lost = missing.map(({ version }) => version);
    if (missing.length === 0) this.#generation = generation;
    this.#unconfirmed = undefined;
    const isLastLost = last !== undefined && this.#lost.includes(last.version);
    return {
      undone: missing.filter(({ version }) => version !== last?.version),
      ...(last && !isLastLost && { confirmed: last }),
    };
  }

  /** Versions whose commit did not happen; returned once. */
  takeLost(): readonly Version[] {
    const lost = this.#lost;
    this.#lost = [];
    return lost;
  }
}
