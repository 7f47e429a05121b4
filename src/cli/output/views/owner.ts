import type { RunInProgress, StatusRow } from "../../../protocol/status-rows.ts";
import { duration } from "../format.ts";
import { shortRun } from "./history.ts";

/** `ada, branch add-coupons, 3 days ago`; empty if nothing is known. `timeText` says when, from an instant in ISO 8601. */
export function ownerText(
  { appliedBy, branch, appliedAt }: Pick<StatusRow, "appliedBy" | "branch" | "appliedAt">,
  timeText: (instant: string) => string | undefined,
): string {
  return [
    appliedBy,
    branch === undefined ? undefined : `branch ${branch}`,
    appliedAt === undefined ? undefined : timeText(appliedAt),
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}

/** What is known about a version without a file: who applied it, as `ownerText`, and whether it can be rolled back. */
export function withoutFileText(
  row: Parameters<typeof ownerText>[0] & Pick<StatusRow, "canRollBack">,
  timeText: (instant: string) => string | undefined,
): string {
  const owner = ownerText(row, timeText);
  return [...(owner === "" ? [] : [owner]), rollbackText(row)].join("; ");
}

export const otherMigration = "another migration is applied under this version";

/** What is applied under the version of another migration: its name, and who applied it, as `ownerText`. */
export function otherMigrationText(...row: Parameters<typeof appliedAsText>): string {
  return `${otherMigration}: ${appliedAsText(...row)}`;
}

/** `add_coupons; ada, branch add-coupons, 3 days ago`: the migration that is applied under the version of another one. */
export function appliedAsText(
  row: Parameters<typeof ownerText>[0] & Pick<StatusRow, "appliedAs">,
  timeText: (instant: string) => string | undefined,
): string {
  const owner = ownerText(row, timeText);
  return [row.appliedAs ?? "", ...(owner === "" ? [] : [owner])].join("; ");
}

/** Whether a version without a file can be rolled back. */
export function rollbackText({ canRollBack }: Pick<StatusRow, "canRollBack">): string {
  return canRollBack === true ? "can be rolled back" : "cannot be rolled back without its file";
}

/** A run in progress: `apply by ada on laptop is running, started 12.0 s ago (run 0193…)`. */
export function inProgressText({
  operation,
  user,
  host,
  ciJob,
  ageMs,
  runId,
}: RunInProgress): string {
  const where = ciJob === undefined ? ` on ${host}` : `, ${ciJob},`;
  return `${operation} by ${user}${where} is running, started ${duration(ageMs)} ago (run ${shortRun(runId)})`;
}
