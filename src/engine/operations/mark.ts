import { Failure } from "../../protocol/failure.ts";
import { compareVersions, type Version } from "../../protocol/migration.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { databaseNeeded } from "../plan/resolve-databases.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import { refuseDisabled, type DatabaseState, type EngineSession } from "../session.ts";

/**
 * `mark`: records versions as applied or pending without running SQL. Everything is checked before anything is written; a version
 * that is in that state already is skipped.
 */
export async function markVersions(
  { options }: RequestOf<"mark">,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  refuseDisabled(session);
  const { as } = options;
  const state = databaseFor(session, options.versions);
  const versions = [...new Set(options.versions)].sort(compareVersions);
  for (const version of versions) refuseUnknown(state, version, as);
  const due = versions.filter((version) => isDue(state, version, as));
  const marks = await mapConcurrent(due, async (version) => ({
    version,
    checksum: await checksumOf(state, version),
  }));
  await state.store.mark(marks, as);
  await state.store.settle();
  const changed = new Set(due);
  for (const version of versions)
    await reportMark(state, version, as, changed.has(version), engine);
  return nothingDone;
}

/** A dirty or interrupted version is neither: both marks change it. */
function isDue({ recorded }: DatabaseState, version: Version, as: "applied" | "pending"): boolean {
  return as === "applied" ? recorded.get(version)?.state !== "applied" : recorded.has(version);
}

async function reportMark(
  { database, migrations }: DatabaseState,
  version: Version,
  as: "applied" | "pending",
  changed: boolean,
  engine: EngineContext,
): Promise<void> {
  const name = migrations.find((migration) => migration.version === version)?.name ?? "";
  const of = { database: database.name, version, name };
  if (changed) await emit(engine, { type: "migration.marked", ...of, as });
  else
    await emit(engine, {
      type: "migration.skipped",
      ...of,
      direction: as === "applied" ? "up" : "down",
      reason: `already ${as}`,
    });
}

function databaseFor({ databases }: EngineSession, versions: readonly Version[]): DatabaseState {
  const used = databases.filter(
    ({ migrations, recorded }) => migrations.length > 0 || recorded.size > 0,
  );
  const candidates = used.length > 0 ? used : databases;
  const [first, second] = candidates;
  if (!first)
    throw new Failure(
      "usage",
      "unknown-version",
      `There is no version ${versions.join(", ")}: no database has migrations.`,
    );
  if (!second) return first;
  throw databaseNeeded(candidates.map(({ database }) => database.name));
}

function refuseUnknown(
  { database, migrations, recorded }: DatabaseState,
  version: Version,
  as: string,
): void {
  if (recorded.has(version) || migrations.some((migration) => migration.version === version))
    return;
  throw new Failure(
    "usage",
    "unknown-version",
    `Version ${version} cannot be marked as ${as}: ${database.name} has neither a file nor a record of it.`,
  );
}

async function checksumOf(
  { migrations }: DatabaseState,
  version: Version,
): Promise<string | undefined> {
  return migrations.find((migration) => migration.version === version)?.up?.checksum();
}
