import { migrationLabel } from "../../../protocol/migration.ts";
import type { SeedStep, Step } from "../store.ts";

/** What one request runs and records. */
export type LedgerStep = Step | SeedStep;

/** How a step is named beside what happens to it: a version, or the name of a seed. */
export function shortName(step: LedgerStep): string {
  return step.direction === "seed" ? step.name : step.version;
}

/** How a step is named in the message of a failure. */
export function fullName(step: LedgerStep): string {
  return step.direction === "seed" ? `The seed ${step.name}` : migrationLabel(step);
}
