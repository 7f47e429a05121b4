import { Failure } from "../protocol/failure.ts";
import type { RequestOf } from "../protocol/request.ts";
import { refuseChanged } from "./changed.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Selection } from "./plan.ts";
import { planRun, type PlannedRun } from "./planned-run.ts";
import { inconsistentBefore, reloadAfter } from "./reload.ts";
import { runSteps, type Outcome, type Slice } from "./run-steps.ts";
import { say, warn } from "./say.ts";
import { openSession, refuseDisabled, type Session } from "./session.ts";

/** What a run has to say at its end; `failure` decides between `run.finished` and `run.failed`. */
export type Ending = Omit<Outcome, "touched">;
export const nothingDone: Ending = { applied: 0, notReached: 0, cancelled: false };

/** `apply`, `down` and `redo`: plan, run what is planned, let Hasura see it. */
export async function migrate(request: RequestOf<"apply" | "down" | "redo">, deps: EngineDeps): Promise<Ending> {
  const { selection, dryRun, strict, reload, noTransaction } = wishesOf(request, deps.protected === true);
  const session = await openSession(request, request.options.database, deps);
  refuseDisabled(session);
  await refuseChanged(session.databases, strict, deps);
  const run = await planRun(session, selection, { noTransaction }, deps);
  await say(deps, { type: "plan", ...(dryRun && { dryRun }), databases: [...run.databases] });
  if (dryRun || run.steps.length === 0) return nothingDone;
  // Answered while the first migration runs; what it says does not change before the reload.
  const before = reload ? inconsistentBefore(deps) : Promise.resolve(undefined);
  const { touched, ...outcome } = await runPlanned(run, session, request, selection, deps);
  if (!reload || touched.size === 0 || isOutOfReach(outcome.failure)) return outcome;
  // Also after a migration that failed: those before it stay applied, and Hasura does not know their schema yet.
  const broken = await reloadAfter([...touched], before, strict || deps.protected === true, deps);
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
  session: Session,
  request: RequestOf<"apply" | "down" | "redo">,
  selection: Selection,
  deps: EngineDeps,
): Promise<Outcome> {
  const sliceMs = "sliceMs" in request.options ? request.options.sliceMs : undefined;
  const slice: Slice = { untilMs: sliceMs === undefined ? undefined : deps.now() + sliceMs, progressed: false };
  const touched = new Set<string>();
  let [run, applied] = [first, 0];
  for (let plans = 1; ; plans += 1) {
    const outcome = await runSteps(run.steps, request.environment, slice, deps);
    outcome.touched.forEach((name) => touched.add(name));
    const lost = isOutOfReach(outcome.failure) ? 0 : await confirmAll(session, deps);
    applied += outcome.applied - lost;
    const total = { ...outcome, applied, touched };
    if (outcome.failure !== undefined || outcome.paused !== undefined || outcome.cancelled) return total;
    if (outcome.replan === undefined && lost === 0) return total;
    const left = remaining(selection, applied);
    if (!left || plans >= mostPlans) return { ...total, failure: outdated(outcome.replan ?? "a commit did not happen") };
    const databases = await Promise.all(session.databases.map(async (it) => ({ ...it, recorded: await it.books.read() })));
    run = await planRun(
      { ...session, databases },
      left,
      { noTransaction: "noTransaction" in request.options && request.options.noTransaction },
      deps,
    );
    await say(deps, { type: "plan", databases: [...run.databases] });
    if (run.steps.length === 0) return { ...total, notReached: 0 };
  }
}

/** Asks the books whether what they reported is true; answers how many versions it is not true for, and says which. */
async function confirmAll(session: Session, deps: EngineDeps): Promise<number> {
  let lost = 0;
  for (const { books, database } of session.databases) {
    const versions = (await books.confirm?.()) ?? [];
    lost += versions.length;
    if (versions.length > 0) {
      await warn(deps, "commit-lost", `${database.name}: Hasura answered, but ${versions.join(", ")} did not commit; planned again.`);
    }
  }
  return lost;
}

/** What is left of a wish when a part of it is done; undefined where only a person can say what they want now. */
function remaining(selection: Selection, done: number): Selection | undefined {
  if (selection.operation === "redo" || selection.only !== undefined) return done === 0 ? selection : undefined;
  const steps = selection.steps ?? (selection.operation === "down" && selection.to === undefined && !selection.all ? 1 : undefined);
  return steps === undefined ? selection : { ...selection, steps: Math.max(1, steps - done) };
}

function outdated(reason: string): Failure {
  return new Failure("busy", "plan-outdated", `Something else changed the database since the plan was made: ${reason}.`, {
    hints: ["run again"],
  });
}

/** Nothing more is asked of a Hasura that does not answer. */
function isOutOfReach(failure: unknown): boolean {
  return failure instanceof Failure && failure.kind !== "migration";
}

/** `plan`: what `apply` would run, with the SQL. */
export async function showPlan(request: RequestOf<"plan">, deps: EngineDeps): Promise<Ending> {
  const session = await openSession(request, request.options.database, deps);
  const { steps, to, only } = request.options;
  const run = await planRun(session, { operation: "apply", steps, to, only }, { sql: true }, deps);
  await say(deps, { type: "plan", databases: [...run.databases] });
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
    return { selection: { operation: "redo" }, dryRun: false, strict: false, reload: request.options.reload ?? true, noTransaction: false };
  }
  const { steps, to, only, dryRun = false, strict = false, reload = true, noTransaction = false } = request.options;
  const common = { dryRun, strict, reload, noTransaction };
  return request.operation === "apply"
    ? {
        ...common,
        selection: { operation: "apply", steps, to, only, outOfOrder: request.options.outOfOrder ?? (isProtected ? false : undefined) },
      }
    : { ...common, selection: { operation: "down", steps, to, only, all: request.options.all } };
}
