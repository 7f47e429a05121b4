import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import type { MetadataRecord } from "../store/store.ts";

/**
 * After migrations were rolled back: names the command that puts back the metadata from before the runs that had applied them, if one of
 * these runs replaced the metadata and the ledger has kept it. A ledger that cannot be read does not fail the run.
 */
export async function adviseRestore(
  runs: ReadonlySet<string>,
  records: readonly MetadataRecord[],
  environment: string,
  engine: EngineContext,
): Promise<void> {
  if (runs.size === 0) return;
  const changes = await Promise.all(records.map((record) => record.changes())).catch(() => []);
  // The newest first: metadata from before the first of them is that from before all of them.
  const first = changes
    .flat()
    .findLast(({ run, replaced }) => runs.has(run) && replaced?.isKept === true);
  if (first === undefined) return;
  await emit(engine, {
    type: "log",
    level: "info",
    code: "metadata-restore",
    message: `A run that had applied these migrations also replaced the metadata. To restore the earlier metadata: hasura-migrate metadata restore ${environment} --run ${first.run}`,
  });
}
