import { databaseOption } from "../store/database-option.ts";
import { Failure } from "../../protocol/failure.ts";
import type { ReadyStep } from "../plan/prepare-plan.ts";
import { HasuraCallError } from "../hasura/client.ts";

/** The failure of a run whose last step may or may not have taken effect: how to find out, and how to say it. */
export function lostOutcome(error: unknown, step: ReadyStep, environment: string): Failure {
  const { version, name } = step.migration;
  const where = databaseOption(step.database.name);
  const [took, not] = step.direction === "up" ? ["applied", "pending"] : ["pending", "applied"];
  return new Failure(
    "unreachable",
    "outcome-unknown",
    `It is not known whether ${step.file.path} took effect: ${whyLost(error)}. It may still be running.`,
    {
      hints: [
        `look in the database ${step.database.name} whether what ${version}_${name} does is there, and that it no longer runs (pg_stat_activity)`,
        `if it took effect: hasura-migrate mark ${environment} ${version} --${took}${where}`,
        `if not, it is still recorded as ${not}: run again`,
      ],
      cause: error,
    },
  );
}

/** A `Failure` says it in its own words. */
function whyLost(error: unknown): string {
  if (error instanceof Failure) return error.message.replace(/\.$/, "");
  const status = error instanceof HasuraCallError ? error.status : undefined;
  return status === undefined
    ? "the connection to Hasura broke"
    : `an answer came that is not the migration's (HTTP ${String(status)})`;
}
