import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { MigrationBody } from "../project/migration-file.ts";
import { markHint } from "../store/hints.ts";
import type { PlannedStep } from "./select-steps.ts";

/**
 * Refuses to roll back with a file that has no statement, such as the comments that Hasura's Console writes where it cannot
 * generate a rollback: the version would become pending while everything it created remains. `SELECT 1;` is a statement.
 * Throws `usage/empty-down-file`.
 */
export function refuseEmptyDown(
  { database, migration, direction, file }: PlannedStep,
  body: MigrationBody,
  environment: string,
): void {
  if (direction !== "down" || !body.blank) return;
  const target = { environment, database: database.name, versions: [migration.version] };
  throw new Failure(
    "usage",
    "empty-down-file",
    `Version ${migration.version} cannot be rolled back in ${database.name}: ${file.path} has no SQL statement, only comments or whitespace.`,
    {
      hints: [
        textHint("Write the statements that undo the migration."),
        markHint(target, "pending", "if there is nothing to undo"),
      ],
    },
  );
}
