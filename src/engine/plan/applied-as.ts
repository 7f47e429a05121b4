import { Failure } from "../../protocol/failure.ts";
import { runHint, textHint } from "../../protocol/hint.ts";
import { migrationLabel } from "../../protocol/migration.ts";
import type { Migration } from "../project/scan.ts";
import { databaseArgs } from "../store/hints.ts";
import type { RunActor } from "../store/store.ts";

/** A migration as it was recorded when it was applied. */
interface AppliedAs {
  /** Empty if it is not known. */
  readonly name: string;
  readonly appliedBy?: RunActor;
  readonly canUndo: boolean;
}

/**
 * True if a version whose up file is not the one that was applied has another name, too: it is then a migration of its own, such as
 * that of another branch. Only for versions whose up file has changed; a directory may be renamed.
 */
export function isOther(
  applied: Pick<AppliedAs, "name">,
  { name }: Pick<Migration, "name">,
): boolean {
  // File systems write the same letter in different ways.
  return applied.name !== "" && applied.name.normalize() !== name.normalize();
}

/** `usage/other-migration`: another migration was applied under the version of one in the project. */
export function otherMigration(
  applied: AppliedAs,
  { version, name, up, down }: Migration,
  { environment, database }: { readonly environment: string; readonly database: string },
): Failure {
  const was = migrationLabel({ version, name: applied.name });
  const is = (up ?? down)?.path ?? migrationLabel({ version, name });
  const by = applied.appliedBy;
  return new Failure(
    "usage",
    "other-migration",
    `${was} is applied in ${database}, and ${is} is another migration with the same version.`,
    {
      hints: [
        ...(by === undefined ? [] : [textHint(`${was}: ${appliedByText(by)}.`)]),
        textHint(
          "If they are different migrations, give yours a newer version: rename its directory.",
        ),
        textHint(
          `If this is the same migration, renamed and changed, rename its directory to ${was}.`,
        ),
        ...(applied.canUndo
          ? [
              runHint(
                ["reset-to", environment, "--changed", ...databaseArgs(database)],
                `roll back ${was} with the stored down SQL, and everything else that this project does not have or has changed, and apply this project's files`,
              ),
            ]
          : []),
      ],
    },
  );
}

/** `ada applied it on the branch add-coupons at commit 1a2b3c4`. */
export function appliedByText({ user, branch, commit }: RunActor): string {
  return [
    `${user} applied it`,
    ...(branch === undefined ? [] : [` on the branch ${branch}`]),
    ...(commit === undefined ? [] : [` at commit ${commit.slice(0, 7)}`]),
  ].join("");
}
