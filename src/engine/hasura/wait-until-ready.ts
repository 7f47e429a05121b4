import type { EngineContext } from "../context.ts";
import { hasuraFailure, isUnavailable } from "./errors.ts";
import { emit } from "../emit.ts";

/** How long a Hasura that does not answer is waited for. */
export const longestWaitMs = 60_000;
const pauseMs = 1000;
/** Kept for the answer to the caller. */
const marginMs = 10_000;

/**
 * Reads from Hasura, and while it is not up yet waits for it: at most a minute, and never past the deadline. Only for reads.
 * Throws the failure of the last try.
 */
export async function waitUntilReady<T>(engine: EngineContext, read: () => Promise<T>): Promise<T> {
  const startedAt = engine.now();
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const waitedMs = engine.now() - startedAt;
      const over =
        waitedMs >= longestWaitMs || engine.remainingMs() < marginMs || engine.stop.aborted;
      if (!isUnavailable(error) || over) throw hasuraFailure(error, "asking for its metadata");
      await emit(engine, {
        type: "waiting",
        reason: "hasura",
        message: "waiting for Hasura to answer",
        waitedMs,
      });
      await untilItAnswers(engine, startedAt);
    }
  }
}

/** Asks the cheapest question until it is answered or the time is over; the caller's own read then says what is wrong. */
async function untilItAnswers(engine: EngineContext, startedAt: number): Promise<void> {
  while (
    engine.now() - startedAt < longestWaitMs &&
    engine.remainingMs() >= marginMs &&
    !engine.stop.aborted
  ) {
    await engine.sleep(pauseMs, engine.stop).catch(() => undefined);
    try {
      await engine.hasura.version();
      return;
    } catch (error) {
      if (!isUnavailable(error)) return;
      await emit(engine, {
        type: "waiting",
        reason: "hasura",
        message: "waiting for Hasura to answer",
        waitedMs: engine.now() - startedAt,
      });
    }
  }
}
