import { Failure } from "../../protocol/failure.ts";
import type { EngineContext } from "../context.ts";
import { adaptiveBatchSize } from "./batch-size.ts";
import type { ReadyStep } from "../plan/prepare-plan.ts";
import { runBatch } from "./run-batch.ts";
import { loadSteps, type LoadedStep } from "./load-steps.ts";

/** How a run went. `failure` is what ended it early. */
export interface PlanResult {
  readonly applied: number;
  readonly notReached: number;
  readonly cancelled: boolean;
  readonly failure?: unknown;
  /** Why the plan no longer holds: to be made again, `notReached` steps are left of it. */
  readonly replan?: string;
  /** Why the run should go on in another invocation. */
  readonly paused?: string;
  /** Databases in which something was done. */
  readonly touched: ReadonlySet<string>;
}

/** No step is begun with less time than this left. */
const leastMs = 5000;

/**
 * Runs the steps in their order until one fails or the run is asked to stop, and waits until everything is recorded. Small quick ones
 * go together, and the files of the next ones are read while the last ones run.
 */
export async function runPlan(
  steps: readonly ReadyStep[],
  environment: string,
  slice: Slice,
  engine: EngineContext,
): Promise<PlanResult> {
  const touched = new Set<string>();
  const speed = adaptiveBatchSize();
  let applied = 0;
  let reached = 0;
  let last: Last = {};
  let ahead = { from: -1, group: Promise.resolve<readonly LoadedStep[]>([]) };
  for (let step = steps[0]; step; step = steps[reached]) {
    if (engine.stop.aborted && !isDeadline(step, engine)) break;
    last = before(step, slice, engine);
    if (isLast(last)) break;
    const size = step.store.runBatch && engine.remainingMs() >= togetherAboveMs ? speed.size : 1;
    const group = (
      await (ahead.from === reached ? ahead.group : loadSteps(steps, reached, size))
    ).slice(0, size);
    const startedAt = engine.now();
    const running = runBatch(group, environment, engine);
    const from = reached + group.length;
    ahead = { from, group: loadSteps(steps, from, step.store.runBatch ? size * 2 : 1) };
    ahead.group.catch(() => undefined); // said at its own turn, which may never come
    const ended = await running;
    speed.took(ended.over, engine.now() - startedAt);
    reached += ended.over;
    applied += ended.done;
    if (ended.done > 0) {
      slice.progressed = true;
      touched.add(step.database.name);
    }
    last = ended;
    if (isLast(last)) break;
  }
  const unrecorded = await settleAll(steps.slice(0, reached));
  const failure = last.failure ?? unrecorded;
  const { replan, paused } = last;
  const stopped =
    failure === undefined &&
    replan === undefined &&
    paused === undefined &&
    (reached < steps.length || last.cancelled === true);
  const why = {
    ...(failure !== undefined && { failure }),
    ...(replan !== undefined && { replan }),
    ...(paused !== undefined && { paused }),
  };
  return { applied, notReached: steps.length - reached, cancelled: stopped, touched, ...why };
}

/** Why no further step is begun, if so. */
interface Last {
  readonly failure?: unknown;
  readonly replan?: string;
  readonly paused?: string;
  readonly cancelled?: boolean;
}

/** How long one invocation may work, and whether it has done anything yet: a pause without progress would never end. */
export interface Slice {
  readonly untilMs: number | undefined;
  progressed: boolean;
}

/** Near the end of its time a run goes one by one, so that it can pause in between. */
const togetherAboveMs = 120_000;

/** A step is not begun with less than this left, where another invocation can go on. */
const pauseBelowMs = 60_000;

/** The handler's own stop near its end: where the run can go on in another invocation, a pause and no cancellation. */
function isDeadline({ store }: ReadyStep, { stop }: EngineContext): boolean {
  return store.canResume && stop.reason === "deadline";
}

function isLast({ failure, replan, paused, cancelled }: Last): boolean {
  return (
    failure !== undefined || replan !== undefined || paused !== undefined || cancelled === true
  );
}

function before({ store }: ReadyStep, slice: Slice, engine: EngineContext): Last {
  const trouble = store.backgroundFailure?.();
  if (trouble) return { failure: trouble };
  if (store.canResume && slice.progressed) {
    if (engine.stop.aborted || engine.remainingMs() < pauseBelowMs)
      return { paused: "the function's time is nearly over" };
    if (slice.untilMs !== undefined && engine.now() >= slice.untilMs)
      return { paused: "this invocation was asked to be short" };
  }
  const late = tooLate(engine);
  return late ? { failure: late } : {};
}

function tooLate(engine: EngineContext): Failure | undefined {
  if (engine.remainingMs() >= leastMs) return undefined;
  return new Failure(
    "unreachable",
    "deadline",
    "The function's time is over; what is not applied yet stays pending.",
    {
      hints: [
        "run again: it goes on where this run ended",
        "give the function a longer time-out (15 minutes is the most)",
      ],
    },
  );
}

/** Each one's `settle`, also after a failure; answers the first that could not write. */
async function settleAll(steps: readonly ReadyStep[]): Promise<unknown> {
  const all = await Promise.allSettled(
    [...new Set(steps.map((step) => step.store))].map((store) => store.settle()),
  );
  return all.find((it) => it.status === "rejected")?.reason;
}
