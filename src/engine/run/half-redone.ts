import { Failure } from "../../protocol/failure.ts";
import { runHint, textHint, type Hint } from "../../protocol/hint.ts";
import { migrationLabel } from "../../protocol/migration.ts";
import type { PlannedStep } from "../plan/select-steps.ts";
import { databaseArgs } from "../store/hints.ts";

/**
 * A failure of the second half of a redo: its migration is rolled back by then, so the next command is `apply`. Another `redo` would
 * roll back the migration before it.
 */
export function halfRedoneFailure(
  failure: unknown,
  step: Pick<PlannedStep, "redone" | "database" | "migration">,
  environment: string,
): unknown {
  if (step.redone !== true || !(failure instanceof Failure)) return failure;
  const apply = (reason?: string): Hint => applyHint(step, environment, reason);
  const hints = failure.hints.map((hint) => (hint.kind === "retry" ? apply(hint.reason) : hint));
  const isNamed = failure.hints.some(({ kind }) => kind === "retry");
  const { state, then } = stateAfter(failure);
  return failure.with({
    hints: [
      textHint(`${migrationLabel(step.migration)} has been rolled back${state}.`),
      ...hints,
      ...(isNamed ? [] : [apply(then)]),
    ],
  });
}

const pending = " and is pending";

/** What became of the migration after its rollback, and when it can be applied. */
function stateAfter({ code }: Failure): { readonly state: string; readonly then: string } {
  switch (code) {
    case "interrupted":
      return {
        state: "; applying it again was interrupted",
        then: "apply it once it is recorded as pending",
      };
    case "outcome-unknown":
      return {
        state: "; it is not known whether it was applied again",
        then: "apply it if it was not applied again",
      };
    default:
      return { state: pending, then: "apply it once that is resolved" };
  }
}

/** The command that applies the second half of a redo. */
export function applyHint(
  { database }: Pick<PlannedStep, "database">,
  environment: string,
  reason?: string,
): Hint {
  return runHint([environment, ...databaseArgs(database.name)], reason);
}

/** `1700000000100_add_note has been rolled back and is pending.` */
export function halfRedoneText({ migration }: Pick<PlannedStep, "migration">): string {
  return `${migrationLabel(migration)} has been rolled back${pending}.`;
}
