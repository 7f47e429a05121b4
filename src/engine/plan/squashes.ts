import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint } from "../../protocol/hint.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import { shortenList } from "../../shorten-list.ts";
import type { Directives } from "../project/directives.ts";
import type { DatabaseState } from "../session.ts";
import { databaseArgs, markHint } from "../store/hints.ts";
import type { PlannedStep } from "./select-steps.ts";
import type { DatabaseFacts } from "./indexed-database.ts";

/**
 * The versions that a step replaces: those that its file squashes, if all of them are applied. It is then recorded
 * instead of run. Undefined for a file that is run. Throws `usage/partly-squashed` if only some of them are applied, and
 * `usage/squash-beside-parts` if the project still has a file of one.
 */
export function replacedBy(
  { migration, direction, file, database }: PlannedStep,
  { squashes = [] }: Directives,
  { migrations, recorded, resets }: DatabaseFacts,
  environment: string,
): readonly Version[] | undefined {
  if (direction === "down" || squashes.length === 0) return undefined;
  const parts = new Set(squashes);
  const beside = migrations.filter(({ version }) => parts.has(version));
  if (beside.length > 0)
    throw besideParts(
      file.path,
      beside.map((part) => migrationLabel(part)),
    );
  // Versions that the same plan rolls back before this step are no longer applied then.
  const left = [...parts].filter((version) => recorded.has(version) && !resets?.has(version));
  if (left.length === 0) return undefined;
  // A part that a run did not finish is in doubt, so it does not count as applied.
  const applied = new Set(left.filter((version) => recorded.get(version)?.state === "applied"));
  if (applied.size === parts.size) return [...parts];
  const missing = [...parts].filter((version) => !applied.has(version));
  const target = { environment, database: database.name };
  throw new Failure(
    "usage",
    "partly-squashed",
    `${file.path} squashes ${String(parts.size)} versions, of which ${String(applied.size)} are applied in ${database.name} and ${String(missing.length)} are not: ${shortenList(missing)}. Nothing was run.`,
    {
      hints: [
        textHint(
          `Apply the missing ones first, from a branch or image that still has the parts of ${migrationLabel(migration)} as separate files.`,
        ),
        runHint(
          ["reset-to", environment],
          "or roll back the applied ones, if the ledger has their down SQL, and run the whole file",
        ),
        markHint(
          { ...target, versions: missing },
          "applied",
          "if the database already contains what they create",
        ),
      ],
    },
  );
}

/**
 * Throws `usage/already-squashed` where a plan would run a part of a squash that is applied, as an older image or branch does that has
 * the parts' files: what it did would be done a second time.
 */
export async function refuseSquashed(
  steps: readonly PlannedStep[],
  { store, database }: Pick<DatabaseState, "store" | "database">,
  environment: string,
): Promise<void> {
  // A squash is newer than its parts.
  const late = steps.filter(({ direction, outOfOrder }) => direction === "up" && outOfOrder);
  if (late.length === 0 || store.squashed === undefined) return;
  const squashes = await store.squashed(late.map(({ migration }) => migration.version));
  const rolledBack = new Set(
    steps.filter(({ direction }) => direction === "down").map(({ migration }) => migration.version),
  );
  for (const { migration, file } of late) {
    const squash = squashes.get(migration.version);
    if (squash === undefined || rolledBack.has(squash)) continue;
    throw new Failure(
      "usage",
      "already-squashed",
      `${file.path} is a part of version ${squash}, which is applied in ${database.name}: it would be run a second time. Nothing was run.`,
      {
        hints: [
          textHint(`Use an image or a branch that has version ${squash} instead of its parts.`),
          runHint(
            ["down", environment, "--only", squash, ...databaseArgs(database.name)],
            "or roll that version back first",
          ),
        ],
      },
    );
  }
}

function besideParts(file: string, parts: readonly string[]): Failure {
  return new Failure(
    "usage",
    "squash-beside-parts",
    `${file} squashes versions whose files are still in the project: ${shortenList(parts)}. Their SQL would be run twice. Nothing was run.`,
    {
      hints: [
        textHint("Remove the directories of those versions, or the one that squashes them."),
        retryHint({ reason: "then run it again" }),
      ],
    },
  );
}
