import { Failure } from "../../protocol/failure.ts";
import type { RequestOf } from "../../protocol/request.ts";
import { refuseChecksumDrift } from "../plan/checksum-drift.ts";
import type { EngineContext } from "../context.ts";
import type { Selection } from "../plan/select-steps.ts";
import { preparePlan, type PlannedRun } from "../plan/prepare-plan.ts";
import { inconsistentBefore, reloadAfter } from "../run/reload-metadata.ts";
import { runPlan, type PlanResult, type Slice } from "../run/run-plan.ts";
import { emit, warn } from "../emit.ts";
import { openSession, refuseDisabled, type EngineSession } from "../session.ts";

/** What a run has to say at its end; `failure` decides between `run.finished` and `run.failed`. */
export type RunResult = Omit<PlanResult, "touched">;
export const nothingDone: RunResult = { applied: 0, notReached: 0, cancelled: false };

/** `apply`, `down` and `redo`: plan, run what is planned, let Hasura see it. */
export async function migrate(
  request: RequestOf<"apply" | "down" | "redo">,
  engine: EngineContext,
): Promise<RunResult> {
  const { selection, dryRun, strict, reload, noTransaction } = wishesOf(
    request,
    engine.protected === true,
  );
  const session = await openSession(request, request.options.database, engine);
  refuseDisabled(session);
  await refuseChecksumDrift(session.databases, strict, engine);
  const run = await preparePlan(session, selection, { noTransaction }, engine);
  await emit(engine, { type: "plan", ...(dryRun && { dryRun }), databases: [...run.databases] });
  if (dryRun || run.steps.length === 0) return nothingDone;
  // Answered while the first migration runs; what it says does not change before the reload.
  const before = reload ? inconsistentBefore(engine) : Promise.resolve(undefined);
  const { touched, ...outcome } = await runPlanned(run, session, request, selection, engine);
  if (!reload || touched.size === 0 || isOutOfReach(outcome.failure)) return outcome;
  // Also after a migration that failed: those before it stay applied, and Hasura does not know their schema yet.
  const broken = await reloadAfter(
    [...touched],
    before,
    strict || engine.protected === true,
    engine,
  );
  const failure = outcome.failure ?? broken;
  return { ...outcome, ...(failure !== undefined && { failure }) };
}

/** Plans are made again at most this often in one run: whoever keeps changing the books is to end first. */
const mostPlans = 20;

/**
 * Runs a plan, and plans again where the books moved under it, or where a commit that was answered did not happen.
 * What was done before counts, and is not done again.
 */
async function runPlanned(
  first: PlannedRun,
  session: EngineSession,
  request: RequestOf<"apply" | "down" | "redo">,
  selection: Selection,
  engine: EngineContext,
): Promise<PlanResult> {
  const sliceMs = "sliceMs" in request.options ? request.options.sliceMs : undefined;
  const slice: Slice = {
    untilMs: sliceMs === undefined ? undefined : engine.now() + sliceMs,
    progressed: false,
  };
  const touched = new Set<string>();
  let [run, applied] = [first, 0];
  for (let plans = 1; ; plans += 1) {
    const outcome = await runPlan(run.steps, request.environment, slice, engine);
    outcome.touched.forEach((name) => touched.add(name));
    const lost = isOutOfReach(outcome.failure) ? 0 : await confirmAll(session, engine);
    applied += outcome.applied - lost;
    const total = { ...outcome, applied, touched };
    if (outcome.failure !== undefined || outcome.paused !== undefined || outcome.cancelled)
      return total;
    if (outcome.replan === undefined && lost === 0) return total;
    const left = remaining(selection, applied);
    if (!left || plans >= mostPlans)
      return { ...total, failure: outdated(outcome.replan ?? "a commit did not happen") };
    const databases = await Promise.all(
      session.databases.map(async (it) => ({ ...it, recorded: await it.store.read() })),
    );
    run = await preparePlan(
      { ...session, databases },
      left,
      { noTransaction: "noTransaction" in request.options && request.options.noTransaction },
      engine,
    );
    await emit(engine, { type: "plan", databases: [...run.databases] });
    if (run.steps.length === 0) return { ...total, notReached: 0 };
  }
}

/** Asks the books whether what they reported is true; answers how many versions it is not true for, and says which. */
async function confirmAll(session: EngineSession, engine: EngineContext): Promise<number> {
  let lost = 0;
  for (const { store, database } of session.databases) {
    const versions = (await store.confirm?.()) ?? [];
    lost += versions.length;
    if (versions.length > 0) {
      await warn(
        engine,
        "commit-lost",
        `${database.name}: Hasura answered, but ${versions.join(", ")} did not commit; planned again.`,
      );
    }
  }
  return lost;
}

/** What is left of a wish when a part of it is done; undefined where only a person can say what they want now. */
function remaining(selection: Selection, done: number): Selection | undefined {
  if (selection.operation === "redo" || selection.only !== undefined)
    return done === 0 ? selection : undefined;
  const steps =
    selection.steps ??
    (selection.operation === "down" && selection.to === undefined && !selection.all
      ? 1
      : undefined);
  return steps === undefined ? selection : { ...selection, steps: Math.max(1, steps - done) };
}

function outdated(reason: string): Failure {
  return new Failure(
    "busy",
    "plan-outdated",
    `Something else changed the database since the plan was made: ${reason}.`,
    {
      hints: ["run again"],
    },
  );
}

/** Nothing more is asked of a Hasura that does not answer. */
function isOutOfReach(failure: unknown): boolean {
  return failure instanceof Failure && failure.kind !== "migration";
}

/** `plan`: what `apply` would run, with the SQL. */
export async function showPlan(
  request: RequestOf<"plan">,
  engine: EngineContext,
): Promise<RunResult> {
  const session = await openSession(request, request.options.database, engine);
  const { steps, to, only } = request.options;
  const run = await preparePlan(
    session,
    { operation: "apply", steps, to, only },
    { sql: true },
    engine,
  );
  await emit(engine, { type: "plan", databases: [...run.databases] });
  return nothingDone;
}

interface Wishes {
  readonly selection: Selection;
  readonly dryRun: boolean;
  readonly strict: boolean;
  readonly reload: boolean;
  readonly noTransaction: boolean;
}

/** A protected environment takes an older version only when that is asked for. */
function wishesOf(request: RequestOf<"apply" | "down" | "redo">, isProtected: boolean): Wishes {
  if (request.operation === "redo") {
    return {
      selection: { operation: "redo" },
      dryRun: false,
      strict: false,
      reload: request.options.reload ?? true,
      noTransaction: false,
    };
  }
  const {
    steps,
    to,
    only,
    dryRun = false,
    strict = false,
    reload = true,
    noTransaction = false,
  } = request.options;
  const common = { dryRun, strict, reload, noTransaction };
  return request.operation === "apply"
    ? {
        ...common,
        selection: {
          operation: "apply",
          steps,
          to,
          only,
          outOfOrder: request.options.outOfOrder ?? (isProtected ? false : undefined),
        },
      }
    : { ...common, selection: { operation: "down", steps, to, only, all: request.options.all } };
}
