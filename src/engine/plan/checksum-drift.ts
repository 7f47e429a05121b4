import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { Version } from "../../protocol/migration.ts";
import type { EngineContext } from "../context.ts";
import { rememberLast } from "../../remember-last.ts";
import { warn } from "../emit.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import type { DatabaseFacts } from "./indexed-database.ts";

/**
 * Applied versions whose up file is no longer the one that was applied. Reads only files whose checksum is recorded: none with
 * the catalog store.
 */
export async function findChecksumDrift({
  migrations,
  recorded,
  changed: known,
}: Pick<DatabaseFacts, "migrations" | "recorded" | "changed">): Promise<ReadonlySet<Version>> {
  if (known) return known;
  const { changed, unsealed } = sealedDrift(migrations, recorded);
  if (unsealed.length === 0) return changed;
  const differs = await mapConcurrent(
    unsealed,
    // For a file whose text was not uploaded, only the beginning of its checksum is known.
    async ({ file, checksum }) => !checksum.startsWith(await file.checksum()),
  );
  return new Set([
    ...changed,
    ...unsealed.filter((_, i) => differs[i]).map(({ version }) => version),
  ]);
}

/** The results for files that cannot change, and the other files, which must be checked each time. */
const sealedDrift = rememberLast(
  (migrations: DatabaseFacts["migrations"], recorded: DatabaseFacts["recorded"]) => {
    const comparable = migrations.flatMap(({ version, up }) => {
      const checksum = recorded.get(version)?.checksum;
      return up && checksum !== undefined ? [{ version, file: up, checksum }] : [];
    });
    return {
      changed: new Set(
        comparable
          .filter(
            ({ file, checksum }) =>
              file.sealedChecksum !== undefined && file.sealedChecksum !== checksum,
          )
          .map(({ version }) => version),
      ),
      unsealed: comparable.filter(({ file }) => file.sealedChecksum === undefined),
    };
  },
);

/** Warns about applied files that have changed; if `strict`, throws `differs/changed-file`. Returns the databases with these versions. */
export async function refuseChecksumDrift<Facts extends DatabaseFacts>(
  databases: readonly Facts[],
  strict: boolean,
  engine: EngineContext,
): Promise<Facts[]> {
  const found: Facts[] = [];
  for (const facts of databases) {
    const changed = await findChecksumDrift(facts);
    found.push({ ...facts, changed });
    if (changed.size === 0) continue;
    const message = `Files changed after they were applied in ${facts.database.name}: ${[...changed].join(", ")}.`;
    if (strict)
      throw new Failure("differs", "changed-file", message, {
        hints: [textHint("Write a new migration instead of changing an applied one.")],
      });
    await warn(engine, "changed-file", message);
  }
  return found;
}
