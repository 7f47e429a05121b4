import type { EngineDeps } from "./engine-deps.ts";
import { hasuraFailure, isNotUpYet } from "./hasura-failure.ts";
import { say } from "./say.ts";

/** How long a Hasura that does not answer is waited for. */
export const longestWaitMs = 60_000;
const pauseMs = 1000;
/** Kept for the answer to the caller. */
const marginMs = 10_000;

/**
 * Reads from Hasura, and while it is not up yet waits for it: at most a minute, and never past the deadline. Only for reads.
 * Throws the failure of the last try.
 */
export async function whenUp<T>(deps: EngineDeps, read: () => Promise<T>): Promise<T> {
  const startedAt = deps.now();
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const waitedMs = deps.now() - startedAt;
      const over = waitedMs >= longestWaitMs || deps.remainingMs() < marginMs || deps.stop.aborted;
      if (!isNotUpYet(error) || over) throw hasuraFailure(error, "asking for its metadata");
      await say(deps, { type: "waiting", reason: "hasura", message: "waiting for Hasura to answer", waitedMs });
      await untilItAnswers(deps, startedAt);
    }
  }
}

/** Asks the cheapest question until it is answered or the time is over; the caller's own read then says what is wrong. */
async function untilItAnswers(deps: EngineDeps, startedAt: number): Promise<void> {
  while (deps.now() - startedAt < longestWaitMs && deps.remainingMs() >= marginMs && !deps.stop.aborted) {
    await deps.sleep(pauseMs, deps.stop).catch(() => undefined);
    try {
      await deps.hasura.version();
      return;
    } catch (error) {
      if (!isNotUpYet(error)) return;
      await say(deps, { type: "waiting", reason: "hasura", message: "waiting for Hasura to answer", waitedMs: deps.now() - startedAt });
    }
  }
}
