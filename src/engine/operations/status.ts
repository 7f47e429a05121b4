import type { StatusRow } from "../../protocol/events.ts";
import { compareVersions, type MigrationState, type Version } from "../../protocol/migration.ts";
import type { RequestOf } from "../../protocol/request.ts";
import { findChecksumDrift } from "../plan/checksum-drift.ts";
import type { EngineContext } from "../context.ts";
import { nothingDone, type RunResult } from "./migrate.ts";
import type { Known } from "../plan/select-steps.ts";
import { emit } from "../emit.ts";
import { openSession } from "../session.ts";

/** `status`: what is applied, pending and so on, in every database that has migrations or a history. Never writes. */
export async function showStatus(
  request: RequestOf<"status">,
  engine: EngineContext,
): Promise<RunResult> {
  const session = await openSession(request, request.options.database, engine);
  const shown = session.databases.filter(
    (it) =>
      it.migrations.length > 0 || it.recorded.size > 0 || request.options.database !== undefined,
  );
  const databases = [];
  for (const known of shown) {
    const { name, kind } = known.database;
    databases.push({
      database: name,
      kind,
      store: known.store.kind,
      migrations: statusRows(known, await findChecksumDrift(known)),
    });
  }
  await emit(engine, { type: "status", databases });
  return nothingDone;
}

/** One row for each version that has a file or a record, in the order of versions. Pure. */
export function statusRows(
  { migrations, recorded }: Known,
  changed: ReadonlySet<Version>,
): StatusRow[] {
  const here = new Map(migrations.map((it) => [it.version, it]));
  const versions = [...new Set([...here.keys(), ...recorded.keys()])].sort(compareVersions);
  return versions.map((version) => {
    const [migration, record] = [here.get(version), recorded.get(version)];
    return {
      version,
      name: migration?.name ?? "",
      state: stateOf(record?.state, migration !== undefined, changed.has(version)),
      ...(migration && { hasDown: migration.down !== undefined }),
      ...(record?.appliedAt && { appliedAt: record.appliedAt.toISOString() }),
      ...(record?.run !== undefined && { run: record.run }),
    };
  });
}

function stateOf(
  recorded: MigrationState | undefined,
  here: boolean,
  changed: boolean,
): MigrationState {
  if (recorded === undefined) return "pending";
  if (recorded !== "applied") return recorded;
  return here ? (changed ? "changed" : "applied") : "unknown";
}
