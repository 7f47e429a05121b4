import { createHash } from "node:crypto";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";

/** The part of a step that has to be confirmed: any difference changes the fingerprint. */
export type FingerprintPart = readonly (string | boolean)[];

/** SHA-256 in hex of the steps of a plan, in order. */
export function fingerprintOf(parts: readonly FingerprintPart[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/**
 * Throws `busy/plan-changed` if the plan to be run differs from the confirmed one: something was applied,
 * rolled back or deployed in between. Without `expected` nothing is compared.
 */
export function refuseOtherPlan(fingerprint: string, expected: string | undefined): void {
  if (expected === undefined || expected === fingerprint) return;
  throw new Failure(
    "busy",
    "plan-changed",
    "The plan has changed since it was shown; nothing was run.",
    { hints: [retryHint({ reason: "see the new plan and confirm it" })] },
  );
}
