import type { EngineContext } from "../context.ts";
import type { ReadFacts } from "../plan/assessment.ts";
import type { DatabaseFacts } from "../plan/indexed-database.ts";
import type { RemovedFrom } from "./intermediate.ts";

/**
 * What was removed by the migrations that have been applied since `since` (ISO 8601), as far as the project has their files. Undefined if
 * one of them cannot be examined.
 */
export async function removedSince(
  since: string,
  databases: readonly DatabaseFacts[],
  { assess }: Pick<EngineContext, "assess">,
): Promise<readonly RemovedFrom[] | undefined> {
  const removals: RemovedFrom[] = [];
  if (assess === undefined) return removals;
  for (const { database, migrations, recorded } of databases) {
    const files = migrations.flatMap(({ version, up }) =>
      up && isSince(recorded.get(version)?.appliedAt, since)
        ? [{ direction: "up" as const, sql: async () => (await up.body()).sql }]
        : [],
    );
    const assessed = await assess(files, nothingKnown).catch(() => undefined);
    if (assessed === undefined || assessed.some((each) => each.notAssessed !== undefined))
      return undefined;
    for (const { removals: own = [] } of assessed)
      removals.push(...own.map((removed) => ({ database: database.name, removed })));
  }
  return removals;
}

/** Every object counts as existing. */
const nothingKnown: ReadFacts = {
  tables: () => Promise.resolve(undefined),
  objects: () => Promise.resolve(undefined),
  definitions: () => Promise.resolve(undefined),
};

function isSince(appliedAt: Date | undefined, since: string): boolean {
  return appliedAt !== undefined && appliedAt.getTime() >= Date.parse(since);
}
