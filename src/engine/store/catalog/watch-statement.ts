import type { EngineContext } from "../../context.ts";
import { emit } from "../../emit.ts";
import type { SqlResult } from "../../hasura/client.ts";
import { whileLooking } from "../while-looking.ts";

const lookEveryMs = 30_000;
/** In the lifetime of a function. */
const maxLooks = 30;

/**
 * Runs `work`, one request to Hasura, and emits every half minute what is waited for. `ask`: the answer to `runningPidSql`, by
 * another connection.
 */
export function whileStatementWatched<T>(
  engine: EngineContext,
  ask: () => Promise<SqlResult>,
  work: () => Promise<T>,
): Promise<T> {
  const looks = {
    pauseMs: (look: number) => (look <= maxLooks ? lookEveryMs : undefined),
    leastPauseMs: lookEveryMs / 2,
    ask,
    found: async (answer: SqlResult | undefined, waitedMs: number) => {
      const message = describe(answer, waitedMs);
      await emit(engine, { type: "waiting", reason: "hasura", message, waitedMs });
      return undefined;
    },
  };
  return whileLooking(engine, looks, work);
}

function describe(answer: SqlResult | undefined, waitedMs: number): string {
  const since = `for ${String(Math.round(waitedMs / 1000))} s`;
  if (!answer) return `waiting ${since}; Hasura does not respond to other requests either`;
  const pid = answer.rows[0]?.[0];
  // In a file that runs outside a transaction, another of its statements may be the active one.
  return typeof pid === "string"
    ? `still running in the database (pid ${pid}), ${since}`
    : `waiting for Hasura's response ${since}`;
}
