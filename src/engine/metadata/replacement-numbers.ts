import type { OpenReplacement } from "../store/store.ts";

/** A deployment's replacements in the order of their numbers in the record of its run, from 1. */
const steps = ["sources", "takenOut", "project", "putBack"] as const;

export type DeploymentStep = (typeof steps)[number];

/** The number of a replacement. Each invocation of a run has its own, so that it does not replace the record of an earlier one. */
export function replacementNumber(step: DeploymentStep, part = 1): number {
  return (part - 1) * steps.length + steps.indexOf(step) + 1;
}

/** The step of a deployment that a record belongs to; undefined for the record of another operation. */
export function stepOf({ operation, number }: OpenReplacement): DeploymentStep | undefined {
  if (operation !== "apply") return undefined;
  return steps[(number - 1) % steps.length];
}
