import type { Direction, Version } from "../../../protocol/migration.ts";

/** A step that was reported as done. */
export interface DoneStep {
  readonly version: Version;
  readonly direction: Direction;
}

interface RecordedStep extends DoneStep {
  readonly before: bigint;
}

/** The result of reading the ledger. */
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
export class CommitTracker {
  /** `before`: the generation that the step found; it made the next one. */
  #done: readonly RecordedStep[] = [];
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
    this.#done = [...this.#done, { ...step, before }];
    this.#unconfirmed = step;
    return confirmed;
  }

  /**
   * Compares with the versions that the ledger shows as applied. `generation`: the one that all
   * steps together have made; `found`: the one that the ledger has. A step is lost if the ledger
   * never reached its generation, or if it was the last one of its version and the state is another.
   */
  check(
    applied: { has(version: Version): boolean },
    generation: bigint,
    found: bigint,
  ): ConfirmationResult {
    const last = this.#unconfirmed;
    const final = new Map(this.#done.map((step, i) => [step.version, i]));
    const isLost = (step: RecordedStep, i: number): boolean =>
      step.before >= found ||
      (final.get(step.version) === i && applied.has(step.version) !== (step.direction === "up"));
    const lost = this.#done.filter(isLost);
    const lastLost = last === undefined ? undefined : lost.find((step) => isSame(step, last));
    this.#done = this.#done.filter((step) => !lost.includes(step));
    this.#lost = lost.map(({ version }) => version);
    if (lost.length === 0) this.#generation = generation;
    else if (found < this.#generation) this.#generation = found;
    this.#unconfirmed = undefined;
    return {
      undone: lost
        .filter((step) => step !== lastLost)
        .map(({ version, direction }) => ({ version, direction })),
      ...(last && !lastLost && { confirmed: last }),
    };
  }

  /** Versions whose commit did not happen; returned once. */
  takeLost(): readonly Version[] {
    const lost = this.#lost;
    this.#lost = [];
    return lost;
  }
}

function isSame(a: DoneStep, b: DoneStep): boolean {
  return a.version === b.version && a.direction === b.direction;
}
