import type { HistoryRow } from "../../protocol/history-row.ts";
import { countedQueries } from "../../protocol/operations.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import type { EngineSession } from "../session.ts";
import { runRegistries } from "./run-registries.ts";

/** `history`: the runs that the ledgers know, the newest first; a run in several databases is one row. */
export async function showHistory(
  request: RequestOf<"history">,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  const { options, accept = [] } = request;
  const filter = { ...options, countsQueries: accept.includes(countedQueries) };
  const runs = new Map<string, HistoryRow>();
  let counted: number | undefined;
  for (const registry of runRegistries(request, session)) {
    const list = await registry.history(filter);
    if (list.queries !== undefined) counted = (counted ?? 0) + list.queries;
    for (const row of list.runs) {
      const known = runs.get(row.runId);
      runs.set(row.runId, known ? merged(known, row) : row);
    }
  }
  const newest = [...runs.values()]
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))
    .slice(0, options.limit);
  await emit(engine, {
    type: "history",
    runs: newest,
    ...(counted !== undefined && { queries: counted }),
  });
  return nothingDone;
}

/** One run in two databases: the worse outcome counts. */
function merged(a: HistoryRow, b: HistoryRow): HistoryRow {
  const worse = a.outcome === "finished" || a.outcome === undefined ? b : a;
  const seeds = [...(a.seeds ?? []), ...(b.seeds ?? [])];
  return {
    ...worse,
    live: a.live || b.live,
    migrations: [...a.migrations, ...b.migrations],
    ...(seeds.length > 0 && { seeds }),
  };
}
