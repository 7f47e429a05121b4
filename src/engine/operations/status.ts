import type { DatabaseStatus, StatusRow } from "../../protocol/events.ts";
import { compareVersions, type MigrationState, type Version } from "../../protocol/migration.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { findChecksumDrift } from "../plan/checksum-drift.ts";
import type { DatabaseFacts } from "../plan/select-steps.ts";
import { failedRun, nothingDone, type RunResult } from "../run-result.ts";
import type { DatabaseState, EngineSession } from "../session.ts";
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
  for (const state of shown) databases.push(await withUsers(await databaseStatus(state), state));
  const result = await verified(databases, engine);
  await emit(engine, { type: "status", databases });
  return result;
}

/** The state of every version in one database; of those in doubt also the evidence for and against. */
export async function databaseStatus(state: DatabaseState): Promise<DatabaseStatus> {
  const { name, kind } = state.database;
  const evidence = await evidenceFor(state, versionsInDoubt(state));
  const rows = statusRows(state, await findChecksumDrift(state));
  return {
    database: name,
    kind,
    store: state.store.kind,
    migrations: rows.map((row) => {
      const found = evidence.get(row.version);
      return found ? { ...row, evidence: found } : row;
    }),
  };
}

/** The same with who applied each migration, where the store knows. */
async function withUsers(
  status: DatabaseStatus,
  { store }: DatabaseState,
): Promise<DatabaseStatus> {
  const runs = [...new Set(status.migrations.flatMap(({ runId }) => runId ?? []))];
  if (runs.length === 0 || !store.runs) return status;
  const users = await store.runs.users(runs);
  return {
    ...status,
    migrations: status.migrations.map((row) => {
      const user = users.get(row.runId ?? "");
      return user === undefined ? row : { ...row, appliedBy: user };
    }),
  };
}

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

/** One row for each version that has a file or a record, in version order. Pure. */
function statusRows(
  { migrations, recorded }: DatabaseFacts,
  changed: ReadonlySet<Version>,
): StatusRow[] {
  const byVersion = new Map(migrations.map((migration) => [migration.version, migration]));
  const versions = [...new Set([...byVersion.keys(), ...recorded.keys()])].sort(compareVersions);
  const late = lateVersions({ migrations, recorded });
  return versions.map((version) => {
    const [migration, record] = [byVersion.get(version), recorded.get(version)];
    return {
      version,
      name: migration?.name ?? "",
      state: stateOf(record?.state, migration !== undefined, changed.has(version)),
      ...(migration && { hasDown: migration.down !== undefined }),
      ...(late.has(version) && { outOfOrder: true }),
      ...(record?.appliedAt && { appliedAt: record.appliedAt.toISOString() }),
      ...(record?.run !== undefined && { runId: record.run }),
    };
  });
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
