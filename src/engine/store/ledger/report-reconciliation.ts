import { databaseOption } from "../database-option.ts";
import { Failure } from "../../../protocol/failure.ts";
import type { Version } from "../../../protocol/migration.ts";
import type { LedgerContext } from "./context.ts";
import { emit } from "../../emit.ts";
import type { Reconciliation } from "./reconcile.ts";

/** Stops where only a person can say what is true. `mark` is let through: it is how they say it. */
export function refuseInDoubt(verdict: Reconciliation, context: LedgerContext): void {
  if (context.description.operation === "mark") return;
  const { environment, database } = context;
  if (verdict.restored.length > 0) {
    throw new Failure(
      "migration",
      "database-restored",
      `${database.name} is older than what Hasura remembers of it, as after restoring a copy. In doubt: ${listed(verdict.restored)}.`,
      {
        hints: [
          "look at the database, then say how each version stands:",
          ...markBoth(environment, verdict.restored, database.name),
        ],
      },
    );
  }
  if (context.protected && verdict.forget.length > 0) {
    throw new Failure(
      "migration",
      "rolled-back-elsewhere",
      `Another tool has rolled back ${listed(verdict.forget)} in ${database.name}, and ${environment} is protected.`,
      {
        hints: [
          "if that is right, say so:",
          `hasura-migrate mark ${environment} ${verdict.forget.join(" ")} --pending${databaseOption(database.name)}`,
        ],
      },
    );
  }
}

/** One line for each thing that another tool, or an accident, has changed; nothing scary where nothing is. */
export async function reportReconciliation(
  verdict: Reconciliation,
  context: LedgerContext,
): Promise<void> {
  const { database, engine } = context;
  const log = (level: "info" | "warning", code: string, message: string): Promise<void> =>
    emit(engine, { type: "log", level, code, message });
  if (verdict.adopt.length > 0) {
    await log(
      "info",
      "adopted",
      `${database.name}: ${String(verdict.adopt.length)} adopted from what Hasura's own tool has applied, 0 run.`,
    );
  }
  if (verdict.forget.length > 0) {
    await log(
      "warning",
      "rolled-back-elsewhere",
      `${database.name}: another tool has rolled back ${listed(verdict.forget)}; pending again.`,
    );
  }
  if (verdict.catalogLost) {
    await log(
      "warning",
      "catalog-lost",
      `${database.name}: Hasura did not remember versions that are applied here; it is told again, and nothing is run twice.`,
    );
  }
}

function listed(versions: readonly Version[]): string {
  return versions.length <= 5
    ? versions.join(", ")
    : `${versions.slice(0, 5).join(", ")} and ${String(versions.length - 5)} more`;
}

function markBoth(environment: string, versions: readonly Version[], database: string): string[] {
  const named = versions.length <= 5 ? versions.join(" ") : "VERSION…";
  return ["--applied", "--pending"].map(
    (as) => `hasura-migrate mark ${environment} ${named} ${as}${databaseOption(database)}`,
  );
}
