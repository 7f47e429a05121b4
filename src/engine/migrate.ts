import { Failure } from "../protocol/failure.ts";
import type { RequestOf } from "../protocol/request.ts";
import { refuseChanged } from "./changed.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Selection } from "./plan.ts";
import { planRun } from "./planned-run.ts";
import { inconsistentBefore, reloadAfter } from "./reload.ts";
import { runSteps, type Outcome } from "./run-steps.ts";
import { say } from "./say.ts";
import { openSession, refuseDisabled } from "./session.ts";

/** What a run has to say at its end; `failure` decides between `run.finished` and `run.failed`. */
export type Ending = Omit<Outcome, "touched">;
export const nothingDone: Ending = { applied: 0, notReached: 0, cancelled: false };

/** `apply`, `down` and `redo`: plan, run what is planned, let Hasura see it. */
export async function migrate(request: RequestOf<"apply" | "down" | "redo">, deps: EngineDeps): Promise<Ending> {
  const { selection, dryRun, strict, reload, noTransaction } = wishesOf(request);
  const session = await openSession(request, request.options.database, deps);
  refuseDisabled(session);
  await refuseChanged(session.databases, strict, deps);
  const run = await planRun(session, selection, { noTransaction }, deps);
  await say(deps, { type: "plan", ...(dryRun && { dryRun }), databases: [...run.databases] });
  if (dryRun || run.steps.length === 0) return nothingDone;
  // Answered while the first migration runs; what it says does not change before the reload.
  const before = reload ? inconsistentBefore(deps) : Promise.resolve(undefined);
  const { touched, ...outcome } = await runSteps(run.steps, request.environment, deps);
  if (!reload || touched.size === 0 || isOutOfReach(outcome.failure)) return outcome;
  // Also after a migration that failed: those before it stay applied, and Hasura does not know their schema yet.
  const broken = await reloadAfter([...touched], before, strict || deps.protected === true, deps);
  const failure = outcome.failure ?? broken;
  return { ...outcome, ...(failure !== undefined && { failure }) };
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

function wishesOf(request: RequestOf<"apply" | "down" | "redo">): Wishes {
  if (request.operation === "redo") {
    return { selection: { operation: "redo" }, dryRun: false, strict: false, reload: request.options.reload ?? true, noTransaction: false };
  }
  const { steps, to, only, dryRun = false, strict = false, reload = true, noTransaction = false } = request.options;
  const common = { dryRun, strict, reload, noTransaction };
  return request.operation === "apply"
    ? { ...common, selection: { operation: "apply", steps, to, only, outOfOrder: request.options.outOfOrder } }
    : { ...common, selection: { operation: "down", steps, to, only, all: request.options.all } };
}
