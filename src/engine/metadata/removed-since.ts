import type { EngineContext } from "../context.ts";
import type { FileToAssess, ReadFacts } from "../plan/assessment.ts";
import { findChecksumDrift } from "../plan/checksum-drift.ts";
import type { DatabaseFacts } from "../plan/indexed-database.ts";
import type { RemovedFrom } from "./intermediate.ts";

/** The clocks of two databases differ by less than this; a migration that counts as later than it was does no harm. */
const clockToleranceMs = 3_600_000;

/**
 * What was removed by the migrations that have been applied since `since` (ISO 8601). Undefined if one of them cannot be examined: its file
 * is not in the project, or is not the one that was applied.
 */
export async function removedSince(
  since: string,
  databases: readonly DatabaseFacts[],
  { assess }: Pick<EngineContext, "assess">,
): Promise<readonly RemovedFrom[] | undefined> {
  const removals: RemovedFrom[] = [];
  for (const facts of databases) {
    const files = await filesAppliedSince(since, facts);
    const assessed = files && (await assess?.(files, nothingKnown).catch(() => undefined));
    if (assessed === undefined || assessed.some((each) => each.notAssessed !== undefined))
      return undefined;
    for (const { removals: own = [] } of assessed)
      removals.push(...own.map((removed) => ({ database: facts.database.name, removed })));
  }
  return removals;
}

/** The files of the migrations that have been applied since; undefined if the project has not all of them as they were applied. */
async function filesAppliedSince(
  since: string,
  facts: DatabaseFacts,
): Promise<FileToAssess[] | undefined> {
  const later = [...facts.recorded].flatMap(([version, { appliedAt }]) =>
    isSince(appliedAt, since) ? [version] : [],
  );
  if (later.length === 0) return [];
  const changed = await findChecksumDrift(facts);
  const upFiles = new Map(facts.migrations.map(({ version, up }) => [version, up]));
  const files = later.flatMap((version) => {
    const up = changed.has(version) ? undefined : upFiles.get(version);
    return up?.runnable === true
      ? [{ direction: "up" as const, sql: async () => (await up.body()).sql }]
      : [];
  });
  return files.length === later.length ? files : undefined;
}

/** Every object counts as existing. */
const nothingKnown: ReadFacts = {
  tables: () => Promise.resolve(undefined),
  objects: () => Promise.resolve(undefined),
  definitions: () => Promise.resolve(undefined),
};

function isSince(appliedAt: Date | undefined, since: string): boolean {
  return appliedAt !== undefined && appliedAt.getTime() >= Date.parse(since) - clockToleranceMs;
}
