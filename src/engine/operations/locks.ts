import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { blockedSessionsSql, readBlockedSessions } from "../hasura/blocked-sessions.ts";
import type { Metadata } from "../hasura/client.ts";
import { waitUntilReady } from "../hasura/wait-until-ready.ts";
import { postgresDatabases } from "../plan/resolve-databases.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import type { Database } from "../store/store.ts";

/** Longer than the query's own time limit. */
const limitMs = 30_000;

/**
 * `locks`: an event for each PostgreSQL database, with its waiting sessions and those that they wait for. Needs neither the project nor a
 * ledger, so that it works while a migration waits. Throws the failures of `postgresDatabases`.
 */
export async function showLocks(
  { options }: RequestOf<"locks">,
  engine: EngineContext,
): Promise<RunResult> {
  const metadata = await waitUntilReady(engine, () => engine.hasura.exportMetadata());
  for (const database of postgresDatabases(metadata, options.database, "locks")) {
    const found = await sessionsOf(database, metadata, engine);
    await emit(engine, { type: "locks", database: database.name, ...found });
  }
  return nothingDone;
}

async function sessionsOf(
  { name, kind }: Database,
  { version }: Metadata,
  { hasura }: EngineContext,
): Promise<ReturnType<typeof readBlockedSessions>> {
  const result = await hasura.runSql({
    kind,
    sql: blockedSessionsSql,
    ...(version >= 3 && { source: name }),
    checkMetadataConsistency: false,
    readOnly: true,
    limitMs,
  });
  return readBlockedSessions(result);
}
