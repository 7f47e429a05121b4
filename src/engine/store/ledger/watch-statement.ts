import { emit } from "../../emit.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { sendQuery } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { snapshotSql } from "./statements.ts";

const lookEveryMs = 30_000;
/** In the lifetime of a function. */
const maxLooks = 30;

/**
 * Runs `work`, one request to Hasura, and looks every half minute into the ledger, by another connection, what has become of it;
 * emits what is waited for. Rejects, as if the connection had broken, once two looks in a row show the generation `upTo`: then
 * the request is done, and its answer is lost.
 */
export async function whileWatched<T>(
  context: LedgerContext,
  upTo: bigint,
  work: () => Promise<T>,
): Promise<T> {
  const answered = new AbortController();
  const lost = new Promise<never>((_, reject) => {
    void untilDone(context, upTo, answered.signal).then((done) => {
      if (done)
        reject(
          new HasuraCallError(
            "unknown",
            "it has finished, but Hasura has not answered the request",
          ),
        );
    });
  });
  try {
    return await Promise.race([work(), lost]);
  } finally {
    answered.abort();
  }
}

/** True once two looks in a row have shown the generation; false when the request is answered before. */
async function untilDone(
  context: LedgerContext,
  upTo: bigint,
  answered: AbortSignal,
): Promise<boolean> {
  const { engine } = context;
  const isAnswered = (): boolean => answered.aborted;
  const startedAt = engine.now();
  let seenDone = 0;
  for (let look = 1; look <= maxLooks; look += 1) {
    await engine.sleep(lookEveryMs, answered).catch(() => undefined);
    const waitedMs = engine.now() - startedAt;
    // The wait was cut short; a timer may be early by a fraction of a millisecond.
    if (isAnswered() || waitedMs < (look - 0.5) * lookEveryMs) return false;
    const snapshot = await lookInto(context);
    if (isAnswered()) return false;
    seenDone = snapshot !== undefined && snapshot.generation >= upTo ? seenDone + 1 : 0;
    if (seenDone >= 2) return true;
    const message = describe(snapshot, upTo, waitedMs);
    await emit(engine, { type: "waiting", reason: "hasura", message, waitedMs });
  }
  return false;
}

async function lookInto(context: LedgerContext): Promise<LedgerSnapshot | undefined> {
  try {
    const sql = snapshotSql(context.request.runId, context.liveMs);
    return readSnapshot(await sendQuery(context, sql));
  } catch {
    return undefined;
  }
}

function describe(snapshot: LedgerSnapshot | undefined, upTo: bigint, waitedMs: number): string {
  const since = `for ${String(Math.round(waitedMs / 1000))} s`;
  if (!snapshot) return `waiting ${since}; Hasura does not answer other requests either`;
  if (snapshot.generation >= upTo)
    return `done in the database; waiting for Hasura's answer ${since}`;
  const pid = snapshot.holder?.pid ?? snapshot.running?.pid;
  return pid === undefined
    ? `waiting for Hasura ${since}; no statement of this run is active in the database`
    : `still running in the database (pid ${String(pid)}), ${since}`;
}
