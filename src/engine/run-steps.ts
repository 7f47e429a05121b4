import { Failure, toFailureData } from "../protocol/failure.ts";
import type { EngineDeps } from "./engine-deps.ts";
import { lostOutcome } from "./lost-outcome.ts";
import type { MigrationBody } from "./migration-file.ts";
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
  let ahead: Promise<Texts> | undefined;
  for (const [i, step] of steps.entries()) {
    if (deps.stop.aborted && !isDeadline(step, deps)) break;
    last = { ...before(step, slice, deps), done: false };
    if (isLast(last)) break;
    reached += 1;
    const texts = await (ahead ?? textsOf(step));
    const running = runStep(step, texts, environment, deps);
    // Read while this one runs: its turn comes at once when this one ends.
    ahead = aheadOf(steps[i + 1]);
    last = await running;
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

/** What a step's files say: what is sent, and what the books keep beside it. */
interface Texts {
  readonly body: MigrationBody;
  readonly up: MigrationBody | undefined;
  readonly down: MigrationBody | undefined;
}

async function textsOf({ file, migration, direction, books }: ReadyStep): Promise<Texts> {
  return {
    body: await file.body(),
    up: direction === "down" ? await migration.up?.body() : undefined,
    down: direction === "up" && books.kind === "ledger" ? await migration.down?.body() : undefined,
  };
}

/** A file that cannot be read is reported at its own turn, which may never come. */
function aheadOf(step: ReadyStep | undefined): Promise<Texts> | undefined {
  const texts = step && textsOf(step);
  texts?.catch(() => undefined);
  return texts;
}

async function runStep(step: ReadyStep, { body, up, down }: Texts, environment: string, deps: EngineDeps): Promise<Ended> {
  const of = { database: step.database.name, version: step.migration.version, name: step.migration.name, direction: step.direction };
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
