import type { OpenReplacement } from "../store/store.ts";

/** The numbers of a deployment's replacements in the record of its run. */
const numbers = { sources: 1, takenOut: 2, project: 3, putBack: 4 } as const;

export type DeploymentStep = keyof typeof numbers;

/** The number of a replacement. Each invocation of a run has its own, so that it does not replace the record of an earlier one. */
export function replacementNumber(step: DeploymentStep, part = 1): number {
  return (part - 1) * Object.keys(numbers).length + numbers[step];
}

/** True for the record of a deployment that removed objects from the metadata before its migrations. */
export function isTakenOut({ operation, number }: OpenReplacement): boolean {
  const count = Object.keys(numbers).length;
  return operation === "apply" && ((number - 1) % count) + 1 === numbers.takenOut;
}
