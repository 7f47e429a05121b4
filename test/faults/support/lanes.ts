/** Several environments of the same kind for work that waits more than it computes: each piece has one to itself. */
export class Lanes<T> {
  readonly #free: T[];
  readonly #waiting: ((lane: T) => void)[] = [];

  constructor(lanes: readonly T[]) {
    this.#free = [...lanes];
  }

  /** Runs a piece of work as soon as a lane is free, in the order of asking. */
  async run<R>(work: (lane: T) => Promise<R>): Promise<R> {
    const lane =
      this.#free.pop() ?? (await new Promise<T>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(lane);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(lane);
      else this.#free.push(lane);
    }
  }
}
