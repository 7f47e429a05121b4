import { Failure } from "../../protocol/failure.ts";
import { compareVersions, migrationLabel, type Version } from "../../protocol/migration.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import { fingerprintOf, refuseOtherPlan } from "../plan/fingerprint.ts";
import { databaseNeeded } from "../plan/resolve-databases.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import { isUnusable } from "../project/migration-file.ts";
import type { Migration, MigrationFile } from "../project/scan.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import { refuseDisabled, type DatabaseState, type EngineSession } from "../session.ts";
import { isKeptDown, tooLongToKeep } from "../store/kept-down.ts";
import type { VersionMark } from "../store/store.ts";
import { evidenceFor, versionsInDoubt } from "./evidence.ts";
import { databaseStatus } from "./status.ts";

type MarkOptions = RequestOf<"mark">["options"];

/** The versions of one database that a request is about. */
interface Target {
  readonly state: DatabaseState;
  readonly versions: readonly Version[];
}

/**
 * `mark`: records versions as applied or pending without running SQL; also every pending one, which is what `baseline` does. Everything is checked before anything is written; a version
 * that is in that state already is skipped. A dry run answers with a `status` of the versions alone.
 */
export async function markVersions(
  { options }: RequestOf<"mark">,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  refuseDisabled(session);
  const targets = targetsOf(session, options);
  for (const { state, versions } of targets)
    for (const version of versions) refuseUnknown(state, version, options.as);
  const fingerprint = fingerprintOf(
    targets.flatMap(({ state, versions }) =>
      versions.map((version) => [state.database.name, version, options.as]),
    ),
  );
  refuseOtherPlan(fingerprint, options.expectedPlan);
  if (targets.length === 0) await emitNothing(options, engine);
  if (options.dryRun === true) await showTargets(targets, fingerprint, engine);
  else for (const target of targets) await markIn(target, options.as, engine);
  return nothingDone;
}

function emitNothing(
  { inDoubt }: MarkOptions,
  engine: EngineContext,
): ReturnType<EngineContext["emit"]> {
  const message = inDoubt === true ? "No version is in doubt." : "Nothing is pending.";
  const code = inDoubt === true ? "nothing-in-doubt" : "nothing-pending";
  return emit(engine, { type: "log", level: "info", code, message });
}

function targetsOf(session: EngineSession, options: MarkOptions): Target[] {
  const { versions = [], inDoubt, pending, upTo, as } = options;
  const ways = [versions.length > 0, inDoubt === true, pending === true || upTo !== undefined];
  if (ways.filter((way) => way).length !== 1)
    throw new Failure(
      "usage",
      "usage",
      "mark takes exactly one of: versions; inDoubt; pending or upTo.",
    );
  if (versions.length > 0)
    return [
      {
        state: databaseFor(session, versions),
        versions: [...new Set(versions)].sort(compareVersions),
      },
    ];
  if (inDoubt !== true && as === "pending")
    throw new Failure("usage", "usage", "Pending versions can only be marked as applied.");
  const states = upTo === undefined ? session.databases : [databaseFor(session, [upTo])];
  return states
    .map((state) => ({
      state,
      versions:
        inDoubt === true
          ? [...versionsInDoubt(state)].sort(compareVersions)
          : pendingVersions(state, upTo),
    }))
    .filter((target) => target.versions.length > 0);
}

/** Versions that `apply` would run, at most up to one. Throws `usage/unknown-version` for that one. */
function pendingVersions(state: DatabaseState, upTo: Version | undefined): Version[] {
  if (upTo !== undefined) refuseUnknown(state, upTo, "applied");
  return state.migrations
    .filter(({ version, up }) => up?.runnable === true && !state.recorded.has(version))
    .filter(({ version }) => upTo === undefined || compareVersions(version, upTo) <= 0)
    .map(({ version }) => version);
}

async function showTargets(
  targets: readonly Target[],
  fingerprint: string,
  engine: EngineContext,
): Promise<void> {
  const databases = await mapConcurrent(targets, async ({ state, versions }) => {
    const wanted = new Set(versions);
    const { migrations, ...database } = await databaseStatus(state);
    const rows = migrations.filter(({ version }) => wanted.has(version));
    // Versions in doubt already have it; for pending ones it shows whether they look applied.
    const evidence = await evidenceFor(
      state,
      rows.filter((row) => row.state === "pending").map(({ version }) => version),
    );
    return {
      ...database,
      migrations: rows.map((row) => {
        const found = evidence.get(row.version);
        return found ? { ...row, evidence: found } : row;
      }),
    };
  });
  await emit(engine, { type: "status", fingerprint, databases });
}

async function markIn(
  { state, versions }: Target,
  as: MarkOptions["as"],
  engine: EngineContext,
): Promise<void> {
  const due = versions.filter((version) => isDue(state, version, as));
  const marks = await marksOf(state, due, as, engine);
  await state.store.mark(marks, as);
  await state.store.settle();
  const changed = new Set(due);
  for (const version of versions)
    await reportMark(state, version, as, changed.has(version), engine);
}

/** True if marking the version changes anything. A dirty or interrupted version is neither applied nor pending, so either mark does. */
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

/** What is recorded of the versions: for applied ones, the same as when their files run. */
async function marksOf(
  { migrations, store: { keepsDownSql } }: DatabaseState,
  versions: readonly Version[],
  as: MarkOptions["as"],
  engine: EngineContext,
): Promise<readonly VersionMark[]> {
  const byVersion = new Map(migrations.map((migration) => [migration.version, migration]));
  return mapConcurrent(versions, async (version) => {
    const { name, up } = byVersion.get(version) ?? {};
    if (as === "pending") return { version, name };
    return {
      version,
      name,
      checksum: await recordedChecksum(up),
      downSql: keepsDownSql ? await recordedDown(byVersion.get(version), engine) : undefined,
    };
  });
}

/** The whole checksum, also of a file that cannot be run. Throws `busy/upload-outdated` for one that was not uploaded. */
async function recordedChecksum(up: MigrationFile | undefined): Promise<string | undefined> {
  if (up?.sealedChecksum !== undefined) return up.sealedChecksum;
  try {
    return (await up?.body())?.checksum;
  } catch (thrown) {
    if (isUnusable(thrown)) return up?.checksum();
    throw thrown;
  }
}

/** The text of a down file; undefined, with a warning, if the file cannot be run. */
async function recordedDown(
  migration: Migration | undefined,
  engine: EngineContext,
): Promise<string | undefined> {
  if (!migration?.down?.runnable) return undefined;
  try {
    const { sql } = await migration.down.body();
    if (!isKeptDown(sql))
      await warn(engine, "down-not-kept", tooLongToKeep(migrationLabel(migration)));
    return sql;
  } catch (thrown) {
    if (!isUnusable(thrown)) throw thrown;
    const message = `The down SQL of ${migrationLabel(migration)} is not recorded: ${thrown.message}`;
    await warn(engine, "down-not-kept", message);
    return undefined;
  }
}
