import type { CliContext } from "../context.ts";

/**
 * Resolves to the result of `work`; throws what `late` returns if that takes longer than `ms` milliseconds; `work` then goes on
 * unobserved. While `isPaused` answers true, as while a person is asked something, the time does not run out.
 */
export async function within<T>(
  work: Promise<T>,
  limit: {
    readonly ms: number;
    readonly every: CliContext["every"];
    readonly late: () => Error;
    readonly isPaused?: () => boolean;
  },
): Promise<T> {
  let stop: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    stop = limit.every(limit.ms, () => {
      if (limit.isPaused?.() !== true) reject(limit.late());
    });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    stop();
  }
}

/** The items of `source`, with each wait for the next one inside `wait`. */
export async function* eachWithin<T>(
  source: AsyncIterable<T>,
  wait: (next: Promise<IteratorResult<T, unknown>>) => Promise<IteratorResult<T, unknown>>,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await wait(iterator.next());
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    // Not awaited: an abandoned iterator may never end.
    void iterator.return?.().catch(() => undefined);
  }
}
