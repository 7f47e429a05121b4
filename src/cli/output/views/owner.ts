import type { StatusRow } from "../../../protocol/events.ts";

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
