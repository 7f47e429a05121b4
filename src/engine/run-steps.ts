import { Failure, toFailureData } from "../protocol/failure.ts";
import type { StepResult } from "./books.ts";
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
  /** Databases in which something was done. */
  readonly touched: ReadonlySet<string>;
}

/** No step is begun with less time than this left. */
const leastMs = 5000;

/** Runs the steps one after the other until one fails or the run is asked to stop, and waits until everything is recorded. */
export async function runSteps(steps: readonly ReadyStep[], environment: string, deps: EngineDeps): Promise<Outcome> {
  const touched = new Set<string>();
  let applied = 0;
  let reached = 0;
  let failure: unknown;
  for (const step of steps) {
    if (deps.stop.aborted) break;
    failure = tooLate(deps) ?? step.books.trouble?.();
    if (failure !== undefined) break;
    reached += 1;
    const ended = await runStep(step, environment, deps);
    if (ended.done) {
      applied += 1;
      touched.add(step.database.name);
    }
    failure = ended.failure;
    if (failure !== undefined) break;
  }
  const unrecorded = await settleAll(steps.slice(0, reached));
  const cancelled = failure === undefined && unrecorded === undefined && reached < steps.length;
  failure ??= unrecorded;
  return { applied, notReached: steps.length - reached, cancelled, touched, ...(failure !== undefined && { failure }) };
}

interface Ended {
  readonly done: boolean;
  readonly failure?: unknown;
}

async function runStep(step: ReadyStep, environment: string, deps: EngineDeps): Promise<Ended> {
  const of = { database: step.database.name, version: step.migration.version, name: step.migration.name, direction: step.direction };
  const [body, up] = [await step.file.body(), step.direction === "down" ? await step.migration.up?.body() : undefined];
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
      const failure = stepFailure(result.error, { version: of.version, file: step.file.path, sql: body.sql });
      await say(deps, { type: "migration.failed", ...of, tookMs, failure: toFailureData(failure) });
      return { done: false, failure };
    }
    case "unknown": {
      const failure = lostOutcome(result.error, step, environment);
      await say(deps, { type: "migration.unknown", ...of, reason: failure.message });
      return { done: false, failure };
    }
    default:
      return { done: false, failure: notOurs(result) };
  }
}

/** Answers of books that notice other runs. */
function notOurs(result: Extract<StepResult, { outcome: "replan" | "busy" | "cancelled" }>): Failure {
  if (result.outcome === "busy")
    return new Failure("busy", "busy", `Another run works on this database: ${result.holder}.`, { hints: ["run again when it has ended"] });
  if (result.outcome === "cancelled") return new Failure("interrupted", "cancelled", "The run was cancelled.");
  return new Failure("busy", "plan-outdated", `Something else changed the database since the plan was made: ${result.reason}.`, {
    hints: ["run again"],
  });
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
