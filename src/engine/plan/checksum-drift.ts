import { Failure } from "../../protocol/failure.ts";
import type { Version } from "../../protocol/migration.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import type { EngineContext } from "../context.ts";
import type { Known } from "./select-steps.ts";
import { warn } from "../emit.ts";

/**
 * Applied versions whose up file is no longer the one that was applied. Only files whose checksum the books know are read: with
 * catalog books that is none.
 */
export async function findChecksumDrift({ migrations, recorded }: Known): Promise<Set<Version>> {
  const known = migrations.flatMap((it) => {
    const checksum = recorded.get(it.version)?.checksum;
    return it.up && checksum !== undefined ? [{ version: it.version, file: it.up, checksum }] : [];
  });
  const differs = await mapConcurrent(
    known,
    async ({ file, checksum }) => (await file.body()).checksum !== checksum,
  );
  return new Set(known.filter((_, i) => differs[i]).map((it) => it.version));
}

/** Says which applied files have changed; where that is strict, throws `differs/changed-file`. */
export async function refuseChecksumDrift(
  databases: readonly Known[],
  strict: boolean,
  engine: EngineContext,
): Promise<void> {
  for (const known of databases) {
    const changed = [...(await findChecksumDrift(known))];
    if (changed.length === 0) continue;
    const message = `Changed since they were applied in ${known.database.name}: ${changed.join(", ")}.`;
    if (strict)
      throw new Failure("differs", "changed-file", message, {
        hints: ["write a new migration instead of changing an applied one"],
      });
    await warn(engine, "changed-file", message);
  }
}
