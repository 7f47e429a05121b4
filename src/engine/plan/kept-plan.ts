import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import { migrationLabel } from "../../protocol/migration.ts";
import type { Request } from "../../protocol/request.ts";
import type { DatabaseState } from "../session.ts";
import { fingerprintOf, refuseOtherPlan } from "./fingerprint.ts";
import type { PreparedPlan, ReadyStep } from "./prepare-plan.ts";

/*
 * A run whose plan was confirmed, or that rolls back, may do what that plan has and nothing else, however often it plans again
 * and however many invocations it takes. Its first invocation keeps the plan in the ledger, and later ones may not do anything else.
 */

type PlannedRequest = Pick<Request, "part"> & {
  readonly options: { readonly expectedPlan?: string | undefined };
};

/**
 * Throws `busy/plan-changed` where the first invocation of a run would do something other than what was confirmed, and
 * `busy/plan-outdated` where a later one would do something that is not left of it. `connected`: databases that it has connected to Hasura.
 */
export function refuseUnplanned(
  plan: PreparedPlan,
  request: PlannedRequest,
  databases: readonly DatabaseState[],
  connected: readonly string[] = [],
): void {
  if (isLater(request)) refuseNewSteps(plan, databases, []);
  else refuseOtherPlan(plan.fingerprint, request.options.expectedPlan, connected);
}

/** True for an invocation that goes on with a run that has paused. */
export function isLater({ part = 1 }: Pick<Request, "part">): boolean {
  return part > 1;
}

/**
 * Keeps the plan where the store can; what an earlier invocation kept is not replaced. `more`: fingerprints of what else the run may
 * do, kept with the steps of each database.
 */
export async function keepPlan(
  { steps }: PreparedPlan,
  databases: readonly DatabaseState[],
  more: readonly string[],
): Promise<void> {
  for (const { database, store, keptPlan } of databases) {
    if (keptPlan) continue;
    const own = steps.filter((step) => step.database.name === database.name);
    await store.keepPlan?.([...own.map(fingerprintOfStep), ...more]);
  }
}

/** Everything that an earlier invocation of the run has kept. */
export function keptIn(databases: readonly DatabaseState[]): ReadonlySet<string> {
  return new Set(databases.flatMap(({ keptPlan }) => [...(keptPlan?.steps ?? [])]));
}

/**
 * Throws `busy/plan-outdated` where a plan has a step that the kept plan has not, or that the run has done already: somebody else
 * has undone it. `first`: the steps that are allowed where the store cannot keep them.
 */
export function refuseNewSteps(
  { steps }: PreparedPlan,
  databases: readonly DatabaseState[],
  first: readonly ReadyStep[],
): void {
  const known = new Map(databases.map((state) => [state.database.name, state.keptPlan]));
  const firstSteps = new Set(first.map(fingerprintOfStep));
  for (const step of steps) {
    const { database, direction, migration } = step;
    const kept = known.get(database.name);
    if (kept?.done.has(`${direction} ${migration.version}`))
      throw planOutdated(`it would now ${what(step)} again`);
    if (!(kept?.steps ?? firstSteps).has(fingerprintOfStep(step)))
      throw planOutdated(`it would now ${what(step)}, which was not in the plan`);
  }
}

/** The steps without those that an earlier invocation of the run was allowed to do, or has done. */
export function withoutKept(
  steps: readonly ReadyStep[],
  databases: readonly DatabaseState[],
): readonly ReadyStep[] {
  const known = new Map(databases.map((state) => [state.database.name, state.keptPlan]));
  return steps.filter(
    (step) => known.get(step.database.name)?.steps.has(fingerprintOfStep(step)) !== true,
  );
}

/** The steps that are not in the first plan of this invocation. */
export function addedSteps(
  steps: readonly ReadyStep[],
  first: readonly ReadyStep[],
): readonly ReadyStep[] {
  const known = new Set(first.map(fingerprintOfStep));
  return steps.filter((step) => !known.has(fingerprintOfStep(step)));
}

/** A plan that can no longer be followed, and why. */
export function planOutdated(reason: string): Failure {
  return new Failure(
    "busy",
    "plan-outdated",
    `The database has changed since the plan was made: ${reason}.`,
    { hints: [retryHint()] },
  );
}

function what({ direction, migration }: ReadyStep): string {
  return `${direction === "up" ? "apply" : "roll back"} ${migrationLabel(migration)}`;
}

function fingerprintOfStep({ fingerprint }: ReadyStep): string {
  return fingerprintOf([fingerprint]);
}
