import { Failure } from "../../protocol/failure.ts";
import { compareVersions, type Version } from "../../protocol/migration.ts";
import type { RequestOf } from "../../protocol/request.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import type { EngineContext } from "../context.ts";
import type { RunResult } from "./migrate.ts";
import { emit } from "../emit.ts";
import { openSession, refuseDisabled, type DatabaseState, type EngineSession } from "../session.ts";

/**
 * `mark`: changes the books without running SQL. Everything is checked before anything is written; a version that stands so
 * already is skipped.
 */
export async function markVersions(
  request: RequestOf<"mark">,
  engine: EngineContext,
): Promise<RunResult> {
  const session = await openSession(request, request.options.database, engine);
  refuseDisabled(session);
  const { as } = request.options;
  const known = databaseFor(session, request.options.versions);
  const versions = [...new Set(request.options.versions)].sort(compareVersions);
  for (const version of versions) refuseUnknown(known, version, as);
  const due = versions.filter((version) =>
    as === "applied"
      ? known.recorded.get(version)?.state !== "applied"
      : known.recorded.has(version),
  );
  await known.store.mark(
    await mapConcurrent(due, async (version) => ({
      version,
      checksum: await checksum(known, version),
    })),
    as,
  );
  await known.store.settle();
  const changed = new Set(due);
  for (const version of versions) await sayMarked(known, version, as, changed.has(version), engine);
  return { applied: 0, notReached: 0, cancelled: false };
}

async function sayMarked(
  known: DatabaseState,
  version: Version,
  as: "applied" | "pending",
  done: boolean,
  engine: EngineContext,
): Promise<void> {
  const of = { database: known.database.name, version, name: nameOf(known, version) };
  if (done) await emit(engine, { type: "migration.marked", ...of, as });
  else
    await emit(engine, {
      type: "migration.skipped",
      ...of,
      direction: as === "applied" ? "up" : "down",
      reason: `already ${as}`,
    });
}

function databaseFor({ databases }: EngineSession, versions: readonly Version[]): DatabaseState {
  const having = databases.filter((it) => it.migrations.length > 0 || it.recorded.size > 0);
  const [first, second] = having.length > 0 ? having : databases;
  if (!first)
    throw new Failure(
      "usage",
      "unknown-version",
      `There is no version ${versions.join(", ")}: no database has migrations here.`,
    );
  if (!second) return first;
  const names = having.map((it) => it.database.name);
  throw new Failure(
    "usage",
    "database-needed",
    `There are several databases (${names.join(", ")}): say which one.`,
    {
      hints: names.map((name) => `--database ${name}`),
    },
  );
}

function refuseUnknown(
  { database, migrations, recorded }: DatabaseState,
  version: Version,
  as: string,
): void {
  if (recorded.has(version) || migrations.some((it) => it.version === version)) return;
  throw new Failure(
    "usage",
    "unknown-version",
    `Version ${version} cannot be marked as ${as}: ${database.name} has neither a file nor a record of it.`,
  );
}

async function checksum(
  { migrations }: DatabaseState,
  version: Version,
): Promise<string | undefined> {
  const body = await migrations.find((it) => it.version === version)?.up?.body();
  return body?.checksum;
}

function nameOf({ migrations }: DatabaseState, version: Version): string {
  return migrations.find((it) => it.version === version)?.name ?? "";
}
