import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { Version } from "../../../protocol/migration.ts";
import { emit } from "../../emit.ts";
import { shortenList } from "../../../shorten-list.ts";
import { inDoubtHints } from "../hints.ts";
import type { LedgerContext } from "./context.ts";
import type { Reconciliation } from "./reconcile.ts";
import type { RunDescription } from "./statements.ts";

/** What the messages name, and the operation that decides. */
type Target = Pick<LedgerContext, "environment" | "database"> & {
  readonly description: Pick<RunDescription, "operation">;
};

/** Throws where only a person can decide. `mark` passes: it is how a person decides. */
export function refuseInDoubt(
  reconciliation: Pick<Reconciliation, "inDoubt" | "rolledBack">,
  context: Target,
): void {
  if (context.description.operation === "mark") return;
  const { inDoubt, rolledBack } = reconciliation;
  if (inDoubt.length > 0) throw databaseRestored(inDoubt, context);
  if (rolledBack.length > 0) throw rolledBackElsewhere(rolledBack, context);
}

function rolledBackElsewhere(versions: readonly Version[], context: Target): Failure {
  const { environment, database } = context;
  return new Failure(
    "migration",
    "rolled-back-elsewhere",
    `Another tool has rolled back ${shortenList(versions)} in ${database.name}, and ${environment} is protected.`,
    {
      hints: inDoubtHints(environment, database.name, {
        pending: "if that was intended, confirm it",
        applied: "if they are still in effect",
      }),
    },
  );
}

function databaseRestored(versions: readonly Version[], context: Target): Failure {
  const { environment, database } = context;
  return new Failure(
    "migration",
    "database-restored",
    `${database.name} is older than Hasura's record of it, for instance after restoring a backup. In doubt: ${shortenList(versions)}.`,
    {
      hints: [
        ...inDoubtHints(environment, database.name, {
          applied: "if they took effect",
          pending: "if they did not",
        }),
        textHint("To record only some of them, name their versions instead of --in-doubt."),
      ],
    },
  );
}

/** Logs a line for each change made by another tool or by accident. */
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
      `Imported ${String(adopt.length)} ${migrations} already applied by the Hasura CLI; nothing was run.`,
    );
  }
  if (forget.length > 0) {
    await log(
      "warning",
      "rolled-back-elsewhere",
      `another tool has rolled back ${shortenList(forget)}; pending again.`,
    );
  }
  if (catalogLost) {
    await log(
      "warning",
      "catalog-lost",
      "Applied versions were missing from Hasura's catalog state. They were recorded there again; nothing was run twice.",
    );
  }
}
