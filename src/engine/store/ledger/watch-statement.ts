import { emit } from "../../emit.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { whileLooking } from "../while-looking.ts";
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
  const { engine, request, liveMs } = context;
  const sql = snapshotSql(request.runId, liveMs);
  let seenDone = 0;
  const looks = {
    pauseMs: (look: number) => (look <= maxLooks ? lookEveryMs : undefined),
    leastPauseMs: lookEveryMs / 2,
    ask: async () => readSnapshot(await sendQuery(context, sql)),
    found: async (snapshot: LedgerSnapshot | undefined, waitedMs: number) => {
      seenDone = snapshot !== undefined && snapshot.generation >= upTo ? seenDone + 1 : 0;
      if (seenDone >= 2)
        return new HasuraCallError("unknown", "it has finished, but Hasura does not respond");
      const message = describe(snapshot, upTo, waitedMs);
      await emit(engine, { type: "waiting", reason: "hasura", message, waitedMs });
      return undefined;
    },
  };
  return whileLooking(engine, looks, work);
}

function describe(snapshot: LedgerSnapshot | undefined, upTo: bigint, waitedMs: number): string {
  const since = `for ${String(Math.round(waitedMs / 1000))} s`;
  if (!snapshot) return `waiting ${since}; Hasura does not respond to other requests either`;
  if (snapshot.generation >= upTo)
    return `done in the database; waiting for Hasura's response ${since}`;
  const pid = snapshot.holder?.pid ?? snapshot.running?.pid;
  return pid === undefined
    ? `waiting for Hasura ${since}; no statement of this run is active in the database`
    : `still running in the database (pid ${String(pid)}), ${since}`;
}
