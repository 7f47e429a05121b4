import { runHint } from "../../protocol/hint.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { readableChanges } from "../metadata/all-ledgers.ts";
import type { MetadataRecord } from "../store/store.ts";

/**
 * After migrations were rolled back: names the command that puts back the metadata from before the runs that had applied them, if one of
 * these runs replaced the metadata and a ledger has kept it. `records` resolves to those of all databases: a run records what it replaces
 * in the ledger of one of them. A ledger that cannot be read does not fail the run.
 */
export async function adviseRestore(
  runs: ReadonlySet<string>,
  records: () => Promise<readonly MetadataRecord[]>,
  environment: string,
  engine: EngineContext,
): Promise<void> {
  if (runs.size === 0) return;
  const changes = await readableChanges(await records());
  // The newest first: metadata from before the first of them is that from before all of them.
  const first = changes.findLast(({ run, replaced }) => runs.has(run) && replaced?.isKept === true);
  if (first === undefined) return;
  await emit(engine, {
    type: "log",
    level: "info",
    code: "metadata-restore",
    message:
      "A run that applied these migrations also replaced the metadata. Rolling them back does not restore it.",
    hints: [
      runHint(
        ["metadata", "restore", environment, "--run", first.run],
        "restore the earlier metadata",
      ),
    ],
  });
}
