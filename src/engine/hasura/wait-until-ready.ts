import { retry } from "../../retry.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { hasuraFailure, isUnavailable } from "./errors.ts";

const longestWaitMs = 60_000;
const pauseMs = 1000;
/** Reserved for responding to the caller. */
const marginMs = 10_000;

/**
 * Reads from Hasura; while Hasura is not up yet, waits at most a minute, and never past the deadline. Only for reads.
 * Throws the failure of the last attempt.
 */
export async function waitUntilReady<T>(engine: EngineContext, read: () => Promise<T>): Promise<T> {
  const startedAt = engine.now();
  const waitedMs = (): number => engine.now() - startedAt;
  const mayWait = (): boolean =>
    waitedMs() < longestWaitMs && engine.remainingMs() >= marginMs && !engine.stop.aborted;
  try {
    return await retry(
      async (attempt) => {
        if (attempt > 1) await probe(engine);
        return announced(engine, waitedMs, read);
      },
      {
        backoff: () => pauseMs,
        shouldRetry: (error) => isUnavailable(error) && mayWait(),
        // A stopped run makes one last attempt at once.
        sleep: (ms) => engine.sleep(ms, engine.stop).catch(() => undefined),
        onRetry: () => emitWaiting(engine, waitedMs()),
      },
    );
  } catch (error) {
    throw hasuraFailure(error, "reading its metadata");
  }
}

/** A read that takes longer than this is announced. */
const quickMs = 5000;

async function announced<T>(
  engine: EngineContext,
  waitedMs: () => number,
  read: () => Promise<T>,
): Promise<T> {
  const answered = new AbortController();
  const startedAt = engine.now();
  void engine
    .sleep(quickMs, answered.signal)
    .then(() => {
      if (!answered.signal.aborted && engine.now() - startedAt >= quickMs)
        return emitWaiting(engine, waitedMs());
      return undefined;
    })
    .catch(() => undefined);
  try {
    return await read();
  } finally {
    answered.abort();
  }
}

function emitWaiting(engine: EngineContext, waitedMs: number): Promise<void> {
  return emit(engine, {
    type: "waiting",
    reason: "hasura",
    message: "waiting for Hasura to respond",
    waitedMs,
  });
}

/** The cheapest request. Throws only if Hasura is still unavailable; any other problem is for the read to report. */
async function probe({ hasura }: EngineContext): Promise<void> {
  try {
    await hasura.version();
  } catch (error) {
    if (isUnavailable(error)) throw error;
  }
}
