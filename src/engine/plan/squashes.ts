import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint } from "../../protocol/hint.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import { shortenList } from "../../shorten-list.ts";
import type { Directives } from "../project/directives.ts";
import { markHint } from "../store/hints.ts";
import type { DatabaseFacts, PlannedStep } from "./select-steps.ts";

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
  const isApplied = (version: Version): boolean =>
    recorded.has(version) && resets?.has(version) !== true;
  const applied = [...parts].filter(isApplied);
  if (applied.length === 0) return undefined;
  if (applied.length === parts.size) return [...parts];
  const missing = [...parts].filter((version) => !isApplied(version));
  const target = { environment, database: database.name };
  throw new Failure(
    "usage",
    "partly-squashed",
    `${file.path} squashes ${String(parts.size)} versions, of which ${String(applied.length)} are applied in ${database.name} and ${String(missing.length)} are not: ${shortenList(missing)}. Nothing was run.`,
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
