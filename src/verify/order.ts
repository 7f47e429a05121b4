import { compareVersions } from "../protocol/migration.ts";
import type { VerifyProblem } from "../protocol/verification.ts";
import type { Catalog } from "./catalog/catalog.ts";
import { compareCatalogs } from "./catalog/compare.ts";
import { afterOtherOrder, differenceLines } from "./catalog/difference-text.ts";
import { applyOnly, type LoadedMigration } from "./run/round-trip.ts";
import { withWorkbench } from "./run/workbench.ts";
import type { ScratchServer } from "./server/scratch.ts";

export interface OrderCheck {
  /** Migrations of the branch. */
  readonly mine: readonly LoadedMigration[];
  /** All others: those before it, and those that were added to the revision in the meantime. */
  readonly theirs: readonly LoadedMigration[];
}

/** True if the branch's migrations could be applied after newer ones in some environment. */
export function canBeOutOfOrder({ mine, theirs }: OrderCheck): boolean {
  return mine.some((one) =>
    theirs.some(({ version }) => compareVersions(one.version, version) < 0),
  );
}

/** Applies the branch's migrations after all others, and compares the schema with that of the version order. */
export async function checkOrder(
  server: ScratchServer,
  { mine, theirs }: OrderCheck,
): Promise<readonly VerifyProblem[]> {
  const sorted = [...mine, ...theirs].toSorted((a, b) => compareVersions(a.version, b.version));
  const own = new Set(mine);
  const outOfOrder = await applied(server, [...theirs, ...mine], (failed) =>
    own.has(failed)
      ? { code: "out-of-order-failed", when: "when the migrations are applied out of order" }
      : { code: "revision-failed", when: "without the branch's migrations" },
  );
  if (!outOfOrder.catalog) return outOfOrder.problems;
  const inOrder = await applied(server, sorted, () => ({
    code: "in-order-failed",
    when: "when all migrations, including the branch's, are applied in the order of their versions",
  }));
  if (!inOrder.catalog) return inOrder.problems;
  const differences = compareCatalogs(inOrder.catalog, outOfOrder.catalog);
  if (differences.length === 0) return [];
  const [first] = mine;
  return [
    {
      severity: "error",
      code: "out-of-order-differs",
      message:
        "The branch's migrations produce a different schema when they are applied after newer ones.",
      ...(first?.up && { file: first.up.path }),
      differences: differences.flatMap((each) => differenceLines(each, afterOtherOrder)),
    },
  ];
}

interface Applied {
  /** Absent if one failed. */
  readonly catalog?: Catalog;
  readonly problems: readonly VerifyProblem[];
}

/** When a migration fails, and the code of that. */
interface Failing extends Pick<VerifyProblem, "code"> {
  readonly when: string;
}

async function applied(
  server: ScratchServer,
  migrations: readonly LoadedMigration[],
  failing: (failed: LoadedMigration) => Failing,
): Promise<Applied> {
  return withWorkbench(server, async (bench) => {
    for (const migration of migrations) {
      const { problems } = await applyOnly(bench, migration);
      const [failure] = problems;
      if (!failure) continue;
      const { code, when } = failing(migration);
      const message = `${failure.file ?? "A migration"} fails ${when}.`;
      return { problems: [{ ...failure, code, message }] };
    }
    return { catalog: await bench.read(), problems: [] };
  });
}
