import type { DatabaseStatus, StatusRow } from "../../protocol/status-rows.ts";
import { compareVersions, type MigrationState, type Version } from "../../protocol/migration.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { rememberLast } from "../../remember-last.ts";
import { emit } from "../emit.ts";
import { isOther } from "../plan/applied-as.ts";
import { findChecksumDrift } from "../plan/checksum-drift.ts";
import { withKept } from "../plan/kept-rollbacks.ts";
import type { DatabaseFacts, RecordedMigration } from "../plan/indexed-database.ts";
import type { Migration } from "../project/scan.ts";
import { failedRun, nothingDone, type RunResult } from "../run-result.ts";
import type { DatabaseState, EngineSession } from "../session.ts";
import type { AppliedMigration, RunActor } from "../store/store.ts";
import { evidenceFor, versionsInDoubt } from "./evidence.ts";

/** `status`: the state of every migration, in every database that has migrations or a history. Never writes. */
export async function showStatus(
  { options }: RequestOf<"status">,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  const shown = session.databases.filter(
    ({ migrations, recorded }) =>
      migrations.length > 0 || recorded.size > 0 || options.database !== undefined,
  );
  const databases: DatabaseStatus[] = [];
  for (const state of shown)
    databases.push(
      withOtherRuns(await withActors(await databaseStatus(await withKept(state)), state), state),
    );
  const result = await verified(databases, engine);
  await emit(engine, { type: "status", databases });
  return result;
}

/** The state of every version in one database; of those in doubt also the evidence for and against. */
export async function databaseStatus(state: DatabaseState): Promise<DatabaseStatus> {
  const { name, kind } = state.database;
  const evidence = await evidenceFor(state, versionsInDoubt(state));
  const changed = await findChecksumDrift(state);
  const kept = state.kept?.size === 0 ? undefined : state.kept;
  const rows = statusRows(state.migrations, state.recorded, kept, changed);
  return {
    database: name,
    kind,
    store: state.store.kind,
    migrations: evidence.size === 0 ? rows : rowsWithEvidence(rows, evidence),
  };
}

function rowsWithEvidence(
  rows: readonly StatusRow[],
  evidence: Awaited<ReturnType<typeof evidenceFor>>,
): StatusRow[] {
  return rows.map((row) => {
    const found = evidence.get(row.version);
    return found ? { ...row, evidence: found } : row;
  });
}

/** The status of a database, with who applied each migration and on which branch, if the store has it. */
async function withActors(
  status: DatabaseStatus,
  { store }: DatabaseState,
): Promise<DatabaseStatus> {
  const runs = runsOf(status.migrations);
  if (runs.length === 0 || !store.runs) return status;
  const actors = await store.runs.actors(runs);
  return { ...status, migrations: rowsWithActors(status.migrations, actors) };
}

/** The status of a database, with the runs in progress on it. */
function withOtherRuns(status: DatabaseStatus, { store }: DatabaseState): DatabaseStatus {
  const others = store.runs?.others() ?? [];
  return others.length === 0 ? status : { ...status, inProgress: [...others] };
}

const runsOf = rememberLast((rows: readonly StatusRow[]): readonly string[] => [
  ...new Set(rows.flatMap(({ runId }) => runId ?? [])),
]);

const rowsWithActors = rememberLast(
  (rows: readonly StatusRow[], actors: ReadonlyMap<string, RunActor>): StatusRow[] =>
    rows.map((row) => {
      const { user, branch } = actors.get(row.runId ?? "") ?? {};
      return {
        ...row,
        ...(user !== undefined && { appliedBy: user }),
        ...(branch !== undefined && { branch }),
      };
    }),
);

async function verified(
  databases: readonly DatabaseStatus[],
  engine: EngineContext,
): Promise<RunResult> {
  try {
    await engine.verifyStatus?.(databases);
    return nothingDone;
  } catch (error) {
    return failedRun(error);
  }
}

/** One row for each version that has a file or a record, in version order. Pure; a warm process makes them once. */
const statusRows = rememberLast(rowsOf);

function rowsOf(
  migrations: DatabaseFacts["migrations"],
  recorded: DatabaseFacts["recorded"],
  kept: DatabaseFacts["kept"],
  changed: ReadonlySet<Version>,
): StatusRow[] {
  const byVersion = new Map(migrations.map((migration) => [migration.version, migration]));
  const versions = [...new Set([...byVersion.keys(), ...recorded.keys()])].sort(compareVersions);
  const late = lateVersions({ migrations, recorded });
  return versions.map((version) => ({
    version,
    ...fileFields(byVersion.get(version), kept?.get(version)),
    state: stateOf(recorded.get(version)?.state, byVersion.has(version), changed.has(version)),
    ...(late.has(version) && { outOfOrder: true }),
    ...recordFields(recorded.get(version)),
  }));
}

/** The part of a row that describes the migration: from its files, and from what the store keeps of one without files or with changed ones. */
function fileFields(
  migration: Migration | undefined,
  kept: RecordedMigration | undefined,
): Pick<StatusRow, "name" | "hasDown" | "differsFromImage" | "canRollBack" | "appliedAs"> {
  if (migration)
    return {
      name: migration.name,
      hasDown: migration.down !== undefined,
      ...(migration.up?.differsFromImage && { differsFromImage: true }),
      ...(kept && isOther(kept, migration) && { appliedAs: kept.name }),
    };
  return { name: kept?.name ?? "", ...(kept?.canUndo && { canRollBack: true }) };
}

function recordFields(
  record: AppliedMigration | undefined,
): Pick<StatusRow, "appliedAt" | "runId"> {
  return {
    ...(record?.appliedAt && { appliedAt: record.appliedAt.toISOString() }),
    ...(record?.run !== undefined && { runId: record.run }),
  };
}

/** Pending versions that are older than one that is applied. */
function lateVersions({
  migrations,
  recorded,
}: Pick<DatabaseFacts, "migrations" | "recorded">): ReadonlySet<Version> {
  const highest = [...recorded.keys()].sort(compareVersions).at(-1);
  if (highest === undefined) return new Set();
  return new Set(
    migrations
      .filter(({ version, up }) => !recorded.has(version) && up?.runnable !== false)
      .filter(({ version }) => compareVersions(version, highest) < 0)
      .map(({ version }) => version),
  );
}

function stateOf(
  recorded: MigrationState | undefined,
  hasFile: boolean,
  changed: boolean,
): MigrationState {
  if (recorded === undefined) return "pending";
  if (recorded !== "applied") return recorded;
  if (!hasFile) return "unknown";
  return changed ? "changed" : "applied";
}
