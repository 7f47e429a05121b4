import type { HistoryRow } from "../../protocol/events.ts";
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
  const runs = new Map<string, HistoryRow>();
  for (const registry of runRegistries(request, session)) {
    for (const row of await registry.history(request.options)) {
      const known = runs.get(row.runId);
      runs.set(row.runId, known ? merged(known, row) : row);
    }
  }
  const newest = [...runs.values()]
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))
    .slice(0, request.options.limit);
  await emit(engine, { type: "history", runs: newest });
  return nothingDone;
}

/** One run in two databases: the worse outcome counts. */
function merged(a: HistoryRow, b: HistoryRow): HistoryRow {
  const worse = a.outcome === "finished" || a.outcome === undefined ? b : a;
  return { ...worse, live: a.live || b.live, migrations: [...a.migrations, ...b.migrations] };
}
