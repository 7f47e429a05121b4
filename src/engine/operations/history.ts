import type { HistoryRow } from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import type { Request, RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { nothingDone, type RunResult } from "./migrate.ts";
import { emit } from "../emit.ts";
import { openSession } from "../session.ts";
import type { RunRegistry } from "../store/store.ts";

/** `history`: who ran what, the newest first; a run that worked in several databases is one row. */
export async function showHistory(
  request: RequestOf<"history">,
  engine: EngineContext,
): Promise<RunResult> {
  const rows = await fromLedgers(request, engine, (runs) => runs.history(request.options));
  const runs = new Map<string, HistoryRow>();
  for (const row of rows) {
    const known = runs.get(row.run);
    runs.set(row.run, known ? merged(known, row) : row);
  }
  const newest = [...runs.values()]
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))
    .slice(0, request.options.limit);
  await emit(engine, { type: "history", runs: newest });
  return nothingDone;
}

/** `cancel`: asks runs in progress to stop after the migration in hand. */
export async function cancelRuns(
  request: RequestOf<"cancel">,
  engine: EngineContext,
): Promise<RunResult> {
  const asked = await fromLedgers(request, engine, (runs) => runs.cancel(request.options.run));
  await emit(engine, { type: "cancel.requested", runs: [...new Set(asked)] });
  return nothingDone;
}

async function fromLedgers<T>(
  request: Request,
  engine: EngineContext,
  ask: (runs: RunRegistry) => Promise<readonly T[]>,
): Promise<T[]> {
  const { databases } = await openSession(request, undefined, engine);
  if (databases.length > 0 && databases.every(({ store }) => store.runs === undefined)) {
    throw new Failure(
      "usage",
      "needs-ledger",
      `${request.operation} needs a ledger, and ${request.environment} has none yet.`,
      {
        hints: ["the first apply makes it, unless HASURA_MIGRATE_LEDGER is off"],
      },
    );
  }
  const answers: T[] = [];
  for (const { store } of databases) if (store.runs) answers.push(...(await ask(store.runs)));
  return answers;
}

function merged(a: HistoryRow, b: HistoryRow): HistoryRow {
  const worst = a.outcome === "finished" || a.outcome === undefined ? b : a;
  return { ...worst, live: a.live || b.live, migrations: [...a.migrations, ...b.migrations] };
}
