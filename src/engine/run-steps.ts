import { Failure, toFailureData } from "../protocol/failure.ts";
import type { EngineDeps } from "./engine-deps.ts";
import { lostOutcome } from "./lost-outcome.ts";
import type { ReadyStep } from "./planned-run.ts";
import { say } from "./say.ts";
import { stepFailure } from "./sql-failure.ts";

/** How a run went. `failure` is what ended it early. */
export interface Outcome {
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

/** Runs the steps one after the other until one fails or the run is asked to stop, and waits until everything is recorded. */
export async function runSteps(steps: readonly ReadyStep[], environment: string, slice: Slice, deps: EngineDeps): Promise<Outcome> {
  const touched = new Set<string>();
  let applied = 0;
  let reached = 0;
  let last: Ended = { done: false };
  for (const step of steps) {
    if (deps.stop.aborted && !isDeadline(step, deps)) break;
    last = { ...before(step, slice, deps), done: false };
    if (isLast(last)) break;
    reached += 1;
    last = await runStep(step, environment, deps);
    if (last.done) {
      applied += 1;
      slice.progressed = true;
      touched.add(step.database.name);
    }
    if (isLast(last)) break;
  }
  if (last.replan !== undefined || last.cancelled === true) reached -= 1;
  const unrecorded = await settleAll(steps.slice(0, reached));
  const failure = last.failure ?? unrecorded;
  const { replan, paused } = last;
  const stopped =
    failure === undefined && replan === undefined && paused === undefined && (reached < steps.length || last.cancelled === true);
  const why = {
    ...(failure !== undefined && { failure }),
    ...(replan !== undefined && { replan }),
    ...(paused !== undefined && { paused }),
  };
  return { applied, notReached: steps.length - reached, cancelled: stopped, touched, ...why };
}

interface Ended extends Partial<Pick<Outcome, "failure" | "replan" | "paused" | "cancelled">> {
  readonly done: boolean;
}

/** How long one invocation may work, and whether it has done anything yet: a pause without progress would never end. */
export interface Slice {
  readonly untilMs: number | undefined;
  progressed: boolean;
}

/** A step is not begun with less than this left, where another invocation can go on. */
const pauseBelowMs = 60_000;

/** The handler's own stop near its end: where the run can go on in another invocation, a pause and no cancellation. */
function isDeadline({ books }: ReadyStep, { stop }: EngineDeps): boolean {
  return books.kind === "ledger" && stop.reason === "deadline";
}

function isLast({ failure, replan, paused, cancelled }: Ended): boolean {
  return failure !== undefined || replan !== undefined || paused !== undefined || cancelled === true;
}

function before({ books }: ReadyStep, slice: Slice, deps: EngineDeps): Omit<Ended, "done"> {
  const trouble = books.trouble?.();
  if (trouble) return { failure: trouble };
  if (books.kind === "ledger" && slice.progressed) {
    if (deps.stop.aborted || deps.remainingMs() < pauseBelowMs) return { paused: "the function's time is nearly over" };
    if (slice.untilMs !== undefined && deps.now() >= slice.untilMs) return { paused: "this invocation was asked to be short" };
  }
  const late = tooLate(deps);
  return late ? { failure: late } : {};
}

async function runStep(step: ReadyStep, environment: string, deps: EngineDeps): Promise<Ended> {
  const of = { database: step.database.name, version: step.migration.version, name: step.migration.name, direction: step.direction };
  const body = await step.file.body();
  const up = step.direction === "down" ? await step.migration.up?.body() : undefined;
  const down = step.direction === "up" && step.books.kind === "ledger" ? await step.migration.down?.body() : undefined;
  await say(deps, { type: "migration.started", ...of });
  const startedAt = deps.now();
  const result = await step.books.run({
    database: step.database,
    version: of.version,
    name: of.name,
    direction: of.direction,
    sql: body.sql,
    checksum: (up ?? body).checksum,
    noTransaction: step.noTransaction,
    settings: body.directives.settings,
    ...(down && { downSql: down.sql }),
  });
  const tookMs = Math.max(0, deps.now() - startedAt);
  switch (result.outcome) {
    case "done":
      await say(deps, { type: "migration.applied", ...of, tookMs, ...(result.notices.length > 0 && { notices: [...result.notices] }) });
      return { done: true };
    case "skipped":
      await say(deps, { type: "migration.skipped", ...of, reason: result.reason });
      return { done: false };
    case "failed": {
      const failure = stepFailure(result.error, {
        version: of.version,
        file: step.file.path,
        sql: body.sql,
        nothingKept: step.books.kind === "ledger" && !step.noTransaction,
      });
      await say(deps, { type: "migration.failed", ...of, tookMs, failure: toFailureData(failure) });
      return { done: false, failure };
    }
    case "unknown": {
      const failure = lostOutcome(result.error, step, environment);
      await say(deps, { type: "migration.unknown", ...of, reason: failure.message });
      return { done: false, failure };
    }
    case "replan":
      return { done: false, replan: result.reason };
    case "cancelled":
      return { done: false, cancelled: true };
    case "busy":
      return { done: false, failure: busy(result.holder) };
  }
}

function busy(holder: string): Failure {
  return new Failure("busy", "busy", `Another run works on this database: ${holder}.`, { hints: ["run again when it has ended"] });
}

function tooLate(deps: EngineDeps): Failure | undefined {
  if (deps.remainingMs() >= leastMs) return undefined;
  return new Failure("unreachable", "deadline", "The function's time is over; what is not applied yet stays pending.", {
    hints: ["run again: it goes on where this run ended", "give the function a longer time-out (15 minutes is the most)"],
  });
}

/** Each one's `settle`, also after a failure; answers the first that could not write. */
async function settleAll(steps: readonly ReadyStep[]): Promise<unknown> {
  const all = await Promise.allSettled([...new Set(steps.map((step) => step.books))].map((books) => books.settle()));
  return all.find((it) => it.status === "rejected")?.reason;
}
