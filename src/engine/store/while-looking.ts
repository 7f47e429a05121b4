import type { EngineContext } from "../context.ts";

/** How to look into the database while a request to Hasura is not answered. */
export interface Looks<A> {
  /** Milliseconds to wait before a look, the first of which is number 1; undefined if there is no further one. */
  readonly pauseMs: (look: number) => number | undefined;
  /** A pause shorter than this was interrupted, and no look follows it; a timer may fire a fraction of a millisecond early. */
  readonly leastPauseMs: number;
  /** Asks the database, by another connection. */
  readonly ask: () => Promise<A>;
  /**
   * Receives what was found, undefined if asking failed, and how long the request has lasted in milliseconds. What it returns
   * ends the wait for the request: it rejects with that.
   */
  readonly found: (answer: A | undefined, waitedMs: number) => Promise<Error | undefined>;
}

/** Runs `work`, one request to Hasura, and looks into the database every so often until it is answered. */
export async function whileLooking<T, A>(
  engine: Pick<EngineContext, "now" | "sleep">,
  looks: Looks<A>,
  work: () => Promise<T>,
): Promise<T> {
  const answered = new AbortController();
  const givenUp = new Promise<never>((_, reject) => {
    // A look that fails must not end the request: its outcome would be unknown.
    void lookUntil(answered.signal, engine, looks)
      .catch(() => undefined)
      .then((error) => {
        if (error) reject(error);
      });
  });
  try {
    return await Promise.race([work(), givenUp]);
  } finally {
    answered.abort();
  }
}

async function lookUntil<A>(
  answered: AbortSignal,
  { now, sleep }: Pick<EngineContext, "now" | "sleep">,
  { pauseMs, leastPauseMs, ask, found }: Looks<A>,
): Promise<Error | undefined> {
  const isAnswered = (): boolean => answered.aborted;
  const startedAt = now();
  for (let look = 1; ; look += 1) {
    const ms = pauseMs(look);
    if (ms === undefined) return undefined;
    const pausedAt = now();
    await sleep(ms, answered).catch(() => undefined);
    const waitedMs = now() - startedAt;
    if (isAnswered() || now() - pausedAt < leastPauseMs) return undefined;
    const answer = await ask().catch(() => undefined);
    if (isAnswered()) return undefined;
    const error = await found(answer, waitedMs);
    if (error) return error;
  }
}
