import type { RequestOf } from "../../protocol/request.ts";
import type { Changed } from "../plan/refuse-changed.ts";
import type { RiskConsent } from "../plan/refuse-risks.ts";
import type { Selection } from "../plan/select-steps.ts";

export type MigrateRequest = RequestOf<"apply" | "down" | "redo" | "reset-to">;

/** True for a run that was confirmed with its plan, or rolls back. */
export function isBoundToPlan({ operation, options }: MigrateRequest): boolean {
  return operation !== "apply" || options.expectedPlan !== undefined;
}

/** The risks that the request accepts. The caller confirms every operation but `apply` before sending it. */
export function consentOf(request: MigrateRequest, isProtected: boolean): RiskConsent {
  const { environment, operation, options } = request;
  const { allow = [], refuseRisks: isAsProtected = false, confirm, expectedPlan } = options;
  const isConfirmed = confirm === environment || expectedPlan !== undefined;
  const confirmed = operation !== "apply" || isConfirmed || request.options.yes === true;
  return { environment, protected: isProtected || isAsProtected, allow, confirmed };
}

/** What a run of migrations is asked to do, with defaults filled in; `sliceMs` in milliseconds. */
export interface MigrateOptions {
  readonly selection: Selection;
  readonly dryRun: boolean;
  readonly strict: boolean;
  readonly reload: boolean;
  readonly noTransaction: boolean;
  readonly changed: Changed;
  readonly sliceMs: number | undefined;
}

/** The options of any of the four operations as one shape. */
export function optionsOf(request: MigrateRequest, isProtected: boolean): MigrateOptions {
  const changed = changedOf(request.options.changed, isProtected);
  const { dryRun = false, reload = true } = request.options;
  const common = {
    dryRun,
    reload,
    strict: false,
    noTransaction: false,
    sliceMs: undefined,
    changed,
  };
  if (request.operation === "redo") {
    const selection: Selection = { operation: "redo", only: request.options.version };
    return { ...common, selection };
  }
  const { noTransaction = false, sliceMs } = request.options;
  return {
    ...{ ...common, noTransaction, sliceMs },
    ...("strict" in request.options && { strict: request.options.strict ?? false }),
    selection: selectionOf(request, isProtected),
  };
}

/** A protected environment accepts older versions only with `outOfOrder`. */
function selectionOf(
  request: Exclude<MigrateRequest, { operation: "redo" }>,
  isProtected: boolean,
): Selection {
  if (request.operation === "down") {
    const { steps, to, only, all } = request.options;
    return { operation: "down", steps, to, only, all };
  }
  const outOfOrder = request.options.outOfOrder ?? (isProtected ? false : undefined);
  if (request.operation === "apply") {
    const { steps, to, only } = request.options;
    return { operation: "apply", steps, to, only, outOfOrder };
  }
  const { keep, changed, database } = request.options;
  return {
    ...{ operation: "reset-to", outOfOrder, keep, changed },
    databaseNamed: database !== undefined,
  };
}

function changedOf(option: boolean | undefined, isProtected: boolean): Changed {
  if (isProtected) return "never";
  return option === true ? "allowed" : "refused";
}
