import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import { assessPlan } from "../plan/assess-plan.ts";
import { addedSteps, planOutdated, refuseNewSteps } from "../plan/kept-plan.ts";
import { preparePlan, type PreparedPlan } from "../plan/prepare-plan.ts";
import type { Changed } from "../plan/refuse-changed.ts";
import { refuseRisks, type RiskConsent } from "../plan/refuse-risks.ts";
import type { Selection } from "../plan/select-steps.ts";
import type { RunResult, RunStop } from "../run-result.ts";
import { readState, type EngineSession } from "../session.ts";
import { confirmCommits, isUnreachable } from "./confirm-commits.ts";
import { applyHint, halfRedoneFailure, halfRedoneText } from "./half-redone.ts";
import { runPlan, type PlanResult, type PlanStop } from "./run-plan.ts";
import { sliceAfter, type Slice } from "./stop-before.ts";

/** Maximum number of plans per run, if somebody keeps changing the database. */
const mostPlans = 20;

/** A plan that is run, and what bounds it. */
export interface MigrateRun {
  readonly plan: PreparedPlan;
  readonly session: EngineSession;
  readonly selection: Selection;
  readonly environment: string;
  /** Of the run's invocations. */
  readonly part: number | undefined;
  readonly noTransaction: boolean;
  readonly changed: Changed;
  readonly sliceMs: number | undefined;
  /** Only steps of the first plan may be done, because it was shown and confirmed, or rolls back. */
  readonly firstPlanOnly: boolean;
  readonly consent: RiskConsent;
  readonly engine: EngineContext;
}

/** The result of a run, with the databases whose schema it has changed. */
export interface MigrateResult extends RunResult {
  readonly touched: ReadonlySet<string>;
}

/** What was done under the plans so far. */
interface MigrateProgress {
  readonly applied: number;
  readonly touched: ReadonlySet<string>;
  readonly slice: Slice;
}

/**
 * Runs a plan. Plans again if the database has changed since, or if a commit that Hasura confirmed did not happen; what was done
 * counts, and is not done again.
 */
export async function runUntilDone(run: MigrateRun): Promise<MigrateResult> {
  const { session, environment, firstPlanOnly, engine, sliceMs } = run;
  let plan = run.plan;
  let progress: MigrateProgress = {
    applied: 0,
    touched: new Set(),
    slice: {
      untilMs: sliceMs === undefined ? undefined : engine.now() + sliceMs,
      progressed: false,
      resumable: true,
    },
  };
  for (let plans = 1; ; plans += 1) {
    const { steps } = plan;
    const { slice } = progress;
    const result = await runPlan({ steps, environment, slice, firstPlanOnly, engine });
    const lost = isUnreachable(failureOf(result)) ? 0 : await confirmAll(session, engine);
    progress = progressAfter(progress, result, lost);
    const { applied, touched } = progress;
    const { notReached } = result;
    const end = (stop: RunStop): Promise<MigrateResult> =>
      endedEarly({ applied, notReached, touched, stop }, plan, run);
    const stop = finalStop(result);
    if (stop) return end(stop);
    if (result.stop === undefined && lost === 0) return { applied, notReached, touched };
    const selection = remainingSelection(run.selection, applied, run.plan);
    if (!selection || plans >= mostPlans)
      return end({ stop: "failed", failure: planOutdated(replanReason(result.stop)) });
    try {
      plan = await planAgain({ ...run, selection });
    } catch (failure) {
      // What was done so far is still reported, and the metadata is reloaded.
      return end({ stop: "failed", failure });
    }
  }
}

/** A run that ends before its plan is done. If a redo has only rolled back, its migration is named, and how to apply it. */
async function endedEarly(
  result: MigrateResult & { readonly stop: RunStop },
  plan: PreparedPlan,
  { environment, engine }: MigrateRun,
): Promise<MigrateResult> {
  const { stop, applied, notReached } = result;
  const step = plan.steps.at(-1);
  // A step that was reached has reported its own failure; here the second half of a redo was not reached.
  if (step?.redone !== true || applied === 0 || notReached === 0 || stop.stop === "paused")
    return result;
  if (stop.stop === "failed")
    return {
      ...result,
      stop: { stop: "failed", failure: halfRedoneFailure(stop.failure, step, environment) },
    };
  await warn(engine, "half-redone", halfRedoneText(step), applyHint(step, environment, "apply it"));
  return result;
}

function progressAfter(
  { applied, touched, slice }: MigrateProgress,
  result: PlanResult,
  lost: number,
): MigrateProgress {
  return {
    applied: applied + result.applied - lost,
    touched: new Set([...touched, ...result.touched]),
    slice: sliceAfter(slice, result.applied),
  };
}

/** Why the run ends, unless it continues with a new plan. A pause comes first: the next invocation resolves the rest. */
function finalStop({ stop, unsettled }: PlanResult): RunStop | undefined {
  if (stop?.stop === "failed" || stop?.stop === "paused") return stop;
  if (unsettled !== undefined) return { stop: "failed", failure: unsettled };
  return stop?.stop === "replan" ? undefined : stop;
}

/** The failure that stopped a run, if one did. */
export function failureIn(stop: PlanStop | undefined): unknown {
  return stop?.stop === "failed" ? stop.failure : undefined;
}

function failureOf({ stop, unsettled }: PlanResult): unknown {
  return failureIn(stop) ?? unsettled;
}

/** Throws `busy/plan-outdated` where the new plan has what may not be done. */
async function planAgain(run: MigrateRun): Promise<PreparedPlan> {
  const { session, selection, environment, noTransaction, changed, engine } = run;
  const databases = await Promise.all(session.databases.map(readState));
  const prepared = await preparePlan(
    databases,
    { selection, environment, noTransaction, changed },
    engine,
  );
  const added = addedSteps(prepared.steps, run.plan.steps);
  const plan = added.length > 0 ? await assessPlan(prepared, databases, engine) : prepared;
  const { fingerprint } = plan;
  await emit(engine, { type: "plan", fingerprint, databases: [...plan.databases] });
  if (run.firstPlanOnly) refuseNewSteps(plan, databases, run.plan.steps);
  // These steps were not shown to anybody.
  refuseRisks(addedSteps(plan.steps, run.plan.steps), { ...run.consent, confirmed: false });
  return plan;
}

/** Confirms what the stores have reported as done; returns how many versions are not. */
function confirmAll({ databases }: EngineSession, engine: EngineContext): Promise<number> {
  const reported = databases.map(({ store, database }) => ({
    database: database.name,
    confirm: async () => (await store.confirm?.()) ?? [],
  }));
  return confirmCommits(reported, engine);
}

/** What is left of a selection after `done` steps; undefined if only a person can decide what to do next. */
function remainingSelection(
  selection: Selection,
  done: number,
  { steps: [first] }: PreparedPlan,
): Selection | undefined {
  const { operation, steps } = selection;
  // A redo that has done something has rolled back.
  if (operation === "redo" && done > 0)
    return first && { operation: "apply", only: first.migration.version, redone: true };
  return steps === undefined ? selection : { ...selection, steps: Math.max(1, steps - done) };
}

function replanReason(stop: PlanStop | undefined): string {
  return stop?.stop === "replan" ? stop.reason : "a commit did not happen";
}
