import { createHash } from "node:crypto";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";

/** The part of a step that has to be confirmed: any difference changes the fingerprint. */
export type FingerprintPart = readonly (string | boolean)[];

/** SHA-256 in hex of the steps of a plan, in order. */
export function fingerprintOf(parts: readonly FingerprintPart[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/**
 * Throws `busy/plan-changed` if the plan to be run differs from the confirmed one: something was applied,
 * rolled back or deployed in between. Without `expected` nothing is compared. `connected`: databases that this run has connected to Hasura,
 * and whose applied migrations were not known before.
 */
export function refuseOtherPlan(
  fingerprint: string,
  expected: string | undefined,
  connected: readonly string[] = [],
): void {
  if (expected === undefined || expected === fingerprint) return;
  throw new Failure("busy", "plan-changed", changedPlan(connected), {
    hints: [retryHint({ reason: "see the new plan and confirm it" })],
  });
}

function changedPlan(connected: readonly string[]): string {
  if (connected.length === 0) return "The plan has changed since it was shown; nothing was run.";
  return `This run connected ${shortenList(connected)} to Hasura. What is applied there turned out to differ from Hasura's own record, so the plan is no longer the one that was shown. No migration was run.`;
}
