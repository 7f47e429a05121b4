import type { HistoryRow } from "../protocol/events.ts";
import { Failure } from "../protocol/failure.ts";
import type { Request, RequestOf } from "../protocol/request.ts";
import type { EngineDeps } from "./engine-deps.ts";
import { nothingDone, type Ending } from "./migrate.ts";
import { say } from "./say.ts";
import { openSession } from "./session.ts";

/** `history`: who ran what, the newest first; a run that worked in several databases is one row. */
export async function showHistory(request: RequestOf<"history">, deps: EngineDeps): Promise<Ending> {
  const rows = await fromLedgers(request, deps, (books) => books.history?.(request.options));
  const runs = new Map<string, HistoryRow>();
  for (const row of rows) {
    const known = runs.get(row.run);
    runs.set(row.run, known ? merged(known, row) : row);
  }
  const newest = [...runs.values()].sort((a, b) => b.startedAt.localeCompare(a.startedAt)).slice(0, request.options.limit);
  await say(deps, { type: "history", runs: newest });
  return nothingDone;
}

/** `cancel`: asks runs in progress to stop after the migration in hand. */
export async function cancelRuns(request: RequestOf<"cancel">, deps: EngineDeps): Promise<Ending> {
  const asked = await fromLedgers(request, deps, (books) => books.cancel?.(request.options.run));
  await say(deps, { type: "cancel.asked", runs: [...new Set(asked)] });
  return nothingDone;
}

type Books = Awaited<ReturnType<typeof openSession>>["databases"][number]["books"];

async function fromLedgers<T>(request: Request, deps: EngineDeps, ask: (books: Books) => Promise<readonly T[]> | undefined): Promise<T[]> {
  const { databases } = await openSession(request, undefined, deps);
  if (databases.length > 0 && databases.every(({ books }) => books.kind !== "ledger")) {
    throw new Failure("usage", "needs-ledger", `${request.operation} needs a ledger, and ${request.environment} has none yet.`, {
      hints: ["the first apply makes it, unless HASURA_MIGRATE_LEDGER is off"],
    });
  }
  const answers: T[] = [];
  for (const { books } of databases) answers.push(...((await ask(books)) ?? []));
  return answers;
}

function merged(a: HistoryRow, b: HistoryRow): HistoryRow {
  const worst = a.outcome === "finished" || a.outcome === undefined ? b : a;
  return { ...worst, live: a.live || b.live, migrations: [...a.migrations, ...b.migrations] };
}
