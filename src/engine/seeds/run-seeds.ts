import { Failure, toFailureData } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { stepFailure } from "../hasura/sql-errors.ts";
import type { MigrationBody } from "../project/migration-file.ts";
import { locateBySecondTry } from "../rehearsal/second-try.ts";
import type { RunStop } from "../run-result.ts";
import { busyFailure } from "../run/busy-failure.ts";
import { sliceAfter, stopBefore, type Slice } from "../run/stop-before.ts";
import { activityHint, lockHints } from "../store/hints.ts";
import type { StepResult } from "../store/store.ts";
import type { PlannedSeed } from "./plan-seeds.ts";

/** Why the seeds of a plan were not all run. */
export type SeedStop =
  | RunStop
  /** The records have changed: make a new plan. */
  | { readonly stop: "replan"; readonly reason: string };

/** How far the seeds of a plan were run. */
export interface SeedsResult {
  readonly applied: number;
  readonly notReached: number;
  /** As it is after them. */
  readonly slice: Slice;
  readonly stop?: SeedStop;
}

export interface SeedsRun {
  readonly steps: readonly PlannedSeed[];
  /** For suggested commands. */
  readonly environment: string;
  readonly slice: Slice;
  readonly engine: EngineContext;
}

/** Runs seeds in order, until one fails or the run has to stop. Never throws: what was done before an error still counts. */
export async function runSeeds(run: SeedsRun): Promise<SeedsResult> {
  const { steps, engine } = run;
  let { slice } = run;
  for (const [applied, step] of steps.entries()) {
    const notReached = steps.length - applied;
    const early = stopBefore(step.of.store, slice, engine);
    if (early) return { applied, notReached, slice, stop: early };
    const { over, stop } = await runSeed(step, run).catch(notStarted);
    if (stop) return { applied, notReached: notReached - over, slice, stop };
    // Another invocation would run a seed again that it does not find recorded.
    slice = sliceAfter(slice, 1, step.of.seeds.isRecorded);
  }
  return { applied: steps.length, notReached: 0, slice };
}

/** How one seed ended. */
interface SeedResult {
  /** 1 if the seed is not attempted again in this run: it succeeded, failed, may have taken effect, or was blocked by another run. */
  readonly over: 0 | 1;
  readonly stop?: SeedStop;
}

function notStarted(thrown: unknown): SeedResult {
  return { over: 0, stop: { stop: "failed", failure: hasuraFailure(thrown, "running the seeds") } };
}

async function runSeed(step: PlannedSeed, run: SeedsRun): Promise<SeedResult> {
  const { of, file, checksum } = step;
  const { engine } = run;
  const body = await file.body();
  if (body.checksum !== checksum) throw fileChanged(file.path);
  const startedAt = engine.now();
  await emit(engine, { type: "seed.started", ...identify(step) });
  const result = await of.seeds.run({
    database: of.database,
    direction: "seed",
    name: file.name,
    sql: body.sql,
    checksum,
    noTransaction: false,
    settings: body.directives.settings,
  });
  return reportResult(result, step, { body, tookMs: Math.max(0, engine.now() - startedAt) }, run);
}

function identify({ file: { database, name } }: PlannedSeed) {
  return { database, seed: name };
}

/** What was sent, and how long it took. */
interface SentSeed {
  readonly body: MigrationBody;
  readonly tookMs: number;
}

async function reportResult(
  result: StepResult,
  step: PlannedSeed,
  { body, tookMs }: SentSeed,
  { environment, engine }: SeedsRun,
): Promise<SeedResult> {
  const of = identify(step);
  switch (result.outcome) {
    case "done": {
      const { notices } = result;
      const remarks = notices.length > 0 && { notices: [...notices] };
      await emit(engine, { type: "seed.applied", ...of, tookMs, ...remarks });
      return { over: 1 };
    }
    case "failed": {
      const failure = await failureOf(result, step, body.sql, environment);
      const data = toFailureData(failure);
      await emit(engine, { type: "seed.failed", ...of, tookMs, failure: data });
      const tried = { sql: body.sql, store: step.of.store, tookMs };
      const locate = (found: unknown) => locateBySecondTry(found, tried, engine);
      return { over: 1, stop: { stop: "failed", failure, locate } };
    }
    case "unknown": {
      const failure = outcomeUnknown(result.error, step, environment);
      await emit(engine, { type: "seed.unknown", ...of, reason: failure.message });
      return { over: 1, stop: { stop: "failed", failure } };
    }
    case "cancelled":
      await emit(engine, {
        type: "seed.skipped",
        ...of,
        reason: "cancelled before it took effect",
      });
      return { over: 0, stop: { stop: "cancelled" } };
    case "busy":
      await emit(engine, {
        type: "seed.skipped",
        ...of,
        reason: `not run: ${result.holder}`,
      });
      return { over: 1, stop: { stop: "failed", failure: busyFailure(result.holder) } };
    case "skipped":
    case "replan":
      return { over: 0, stop: { stop: "replan", reason: result.reason } };
  }
}

function failureOf(
  { error, lockHolders }: Extract<StepResult, { outcome: "failed" }>,
  { of, file }: PlannedSeed,
  sql: string,
  environment: string,
): Promise<unknown> {
  return stepFailure(error, {
    file: file.path,
    sql,
    isSeed: true,
    nothingKept: of.store.atomic,
    lockHolders,
    lookForLock: lockHints(
      { environment, database: of.database.name },
      lockHolders?.some(({ pid }) => pid === 0),
    ),
  });
}

function outcomeUnknown(error: unknown, { of, file }: PlannedSeed, environment: string): Failure {
  const target = { environment, database: of.database.name };
  return new Failure(
    "unreachable",
    "outcome-unknown",
    `It is not known whether ${file.path} took effect, because the connection to Hasura was lost. It may still be running.`,
    {
      hints: [
        activityHint(target, "to see whether it is still running"),
        of.seeds.isRecorded
          ? retryHint({ reason: "when Hasura responds: a seed that took effect is not run again" })
          : textHint(
              `Check in the database ${of.database.name} whether its rows exist before you run it again: there is no record of it.`,
            ),
      ],
      cause: error,
    },
  );
}

function fileChanged(path: string): Failure {
  return new Failure(
    "busy",
    "plan-changed",
    `${path} has changed since the plan was made; it was not run.`,
    { hints: [retryHint({ reason: "see the new plan" })] },
  );
}
