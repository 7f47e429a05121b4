import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { Version } from "../../../protocol/migration.ts";
import { emit } from "../../emit.ts";
import { inDoubtHints, markHint } from "../hints.ts";
import type { LedgerContext } from "./context.ts";
import type { Reconciliation } from "./reconcile.ts";
import type { RunDescription } from "./statements.ts";

const maxListed = 5;

/** What the messages name, and who may decide. */
type Target = Pick<LedgerContext, "environment" | "database" | "protected"> & {
  readonly description: Pick<RunDescription, "operation">;
};

/** Throws where only a person can decide. `mark` passes: it is how a person decides. */
export function refuseInDoubt(
  reconciliation: Pick<Reconciliation, "inDoubt" | "forget">,
  context: Target,
): void {
  if (context.description.operation === "mark") return;
  const { environment, database } = context;
  const { inDoubt, forget } = reconciliation;
  if (inDoubt.length > 0) throw databaseRestored(inDoubt, context);
  if (context.protected && forget.length > 0) {
    throw new Failure(
      "migration",
      "rolled-back-elsewhere",
      `Another tool has rolled back ${listVersions(forget)} in ${database.name}, and ${environment} is protected.`,
      {
        hints: [
          markHint(
            { environment, database: database.name, versions: forget },
            "pending",
            "if that was intended, confirm it",
          ),
        ],
      },
    );
  }
}

function databaseRestored(versions: readonly Version[], context: Target): Failure {
  const { environment, database } = context;
  return new Failure(
    "migration",
    "database-restored",
    `${database.name} is older than Hasura's record of it, as after restoring a backup. In doubt: ${listVersions(versions)}.`,
    {
      hints: [
        ...inDoubtHints(environment, database.name),
        textHint("To record only some of them, name their versions instead of --in-doubt."),
      ],
    },
  );
}

/** Logs a line for each thing that another tool, or an accident, has changed. */
export async function reportReconciliation(
  { adopt, forget, catalogLost }: Reconciliation,
  { database, engine }: LedgerContext,
): Promise<void> {
  const log = (level: "info" | "warning", code: string, message: string): Promise<void> =>
    emit(engine, { type: "log", level, code, message: `${database.name}: ${message}` });
  if (adopt.length > 0) {
    const migrations = adopt.length === 1 ? "migration" : "migrations";
    await log(
      "info",
      "adopted",
      `${String(adopt.length)} ${migrations} already applied by the Hasura CLI imported; nothing was run.`,
    );
  }
  if (forget.length > 0) {
    await log(
      "warning",
      "rolled-back-elsewhere",
      `another tool has rolled back ${listVersions(forget)}; pending again.`,
    );
  }
  if (catalogLost) {
    await log(
      "warning",
      "catalog-lost",
      "Hasura's record lacked versions that are applied here; it is written again, and nothing is run twice.",
    );
  }
}

function listVersions(versions: readonly Version[]): string {
  return versions.length <= maxListed
    ? versions.join(", ")
    : `${versions.slice(0, maxListed).join(", ")} and ${String(versions.length - maxListed)} more`;
}
