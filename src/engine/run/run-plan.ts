import { Failure, toFailureData } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import { migrationLabel } from "../../protocol/migration.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { HasuraCallError } from "../hasura/client.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { stepFailure } from "../hasura/sql-errors.ts";
import type { ReadyStep } from "../plan/prepare-plan.ts";
import { beforeSecondTry, locateBySecondTry } from "../rehearsal/second-try.ts";
import type { RunStop } from "../run-result.ts";
import { activityHint, lockHints, markHint } from "../store/hints.ts";
import type { StepResult } from "../store/store.ts";
import { recordSquash } from "./record-squash.ts";
import { nextBatchSize } from "./batch-size.ts";
import { busyFailure } from "./busy-failure.ts";
import { halfRedoneFailure } from "./half-redone.ts";
import { invalidIndexNotices, withLeftBehind } from "./left-behind.ts";
import { loadSteps, type LoadedStep } from "./load-steps.ts";
import { sliceAfter, stopBefore, type Slice } from "./stop-before.ts";

/** Why a plan was not completed. */
export type PlanStop =
  | RunStop
  /** The plan no longer fits the database: make a new one. */
  | { readonly stop: "replan"; readonly reason: string };

/** How far a plan was run. */
export interface PlanResult {
  readonly applied: number;
  readonly notReached: number;
  /** Names of the databases that were changed. */
  readonly touched: ReadonlySet<string>;
  readonly stop?: PlanStop;
  /** The error that kept the migration store from recording or confirming everything. */
  readonly unsettled?: unknown;
}

/** A plan, and what every part of its run needs. */
export interface PlanRun {
  readonly steps: readonly ReadyStep[];
  /** For suggested commands. */
  readonly environment: string;
  readonly slice: Slice;
  /** As in `MigrateRun`. */
  readonly firstPlanOnly: boolean;
  readonly engine: EngineContext;
}

interface RunState {
  /** Steps that are over. */
  readonly reached: number;
  readonly applied: number;
  readonly touched: ReadonlySet<string>;
  readonly batchSize: number;
  /** The next steps, read while the last ones ran. */
  readonly ahead?: Promise<readonly LoadedStep[]>;
  readonly stop?: PlanStop;
}

/**
 * Runs the steps in order until one fails or the run has to stop, then waits until everything is recorded. Small quick steps share
 * a request, and the next files are read while a request runs.
 */
export async function runPlan(run: PlanRun): Promise<PlanResult> {
  let state: RunState = { reached: 0, applied: 0, touched: new Set(), batchSize: 1 };
  while (state.stop === undefined) {
    const next = run.steps[state.reached];
    if (!next) break;
    state = await runNext(next, state, run).catch((thrown: unknown) => failedNext(thrown, state));
  }
  const { reached, applied, touched, stop } = state;
  const unsettled = await settleAll(run.steps.slice(0, reached));
  return {
    applied,
    notReached: run.steps.length - reached,
    touched,
    ...(stop && { stop }),
    ...(unsettled !== undefined && { unsettled }),
  };
}

async function runNext(next: ReadyStep, state: RunState, run: PlanRun): Promise<RunState> {
  const { engine } = run;
  const slice = sliceAfter(run.slice, state.applied, !isPlanLost(run, state.reached));
  const stop = stopBefore(next.store, slice, engine);
  if (stop) return { ...state, stop };
  const size = next.store.runBatch && engine.remainingMs() >= batchAboveMs ? state.batchSize : 1;
  const loaded = await (state.ahead ?? loadSteps(run, state.reached, size));
  const batch = loaded.slice(0, size);
  const startedAt = engine.now();
  const running = runBatch(batch, run);
  const ahead = loadSteps(run, state.reached + batch.length, next.store.runBatch ? size * 2 : 1);
  ahead.catch(() => undefined); // reported when its turn comes, which may be never
  const result = await running;
  return {
    reached: state.reached + result.over,
    applied: state.applied + result.done,
    touched: result.done > 0 ? new Set([...state.touched, next.database.name]) : state.touched,
    batchSize: nextBatchSize(result.over, engine.now() - startedAt),
    // A batch that was not run to its end leaves other steps to be next.
    ...(result.over === batch.length && { ahead }),
    ...(result.stop && { stop: result.stop }),
  };
}

/** True if the next invocation would refuse a step that is left: it may do only what is in the plan, and that store keeps none. */
function isPlanLost({ steps, firstPlanOnly }: PlanRun, reached: number): boolean {
  return firstPlanOnly && steps.findLastIndex(({ store }) => !store.canResume) >= reached;
}

/** What was done before an error, such as that of a file that can no longer be read, still counts. */
function failedNext(thrown: unknown, state: RunState): RunState {
  const failure = hasuraFailure(thrown, "running the migrations");
  return { ...state, stop: { stop: "failed", failure } };
}

/** With less time remaining steps run one by one, so that the run can pause between them. */
const batchAboveMs = 120_000;

/** Settles every store, also after a failure; returns the first error. */
async function settleAll(steps: readonly ReadyStep[]): Promise<unknown> {
  const stores = new Set(steps.map(({ store }) => store));
  const settled = await Promise.allSettled([...stores].map((store) => store.settle()));
  return settled.find((result) => result.status === "rejected")?.reason;
}

/** How a batch ended. */
interface BatchResult {
  /** Steps that need no other attempt. */
  readonly over: number;
  /** Those of them that were applied. */
  readonly done: number;
  readonly stop?: PlanStop;
}

/** Runs the steps of one request, and reports what became of each. */
async function runBatch(batch: readonly LoadedStep[], run: PlanRun): Promise<BatchResult> {
  const { engine } = run;
  const [first] = batch;
  if (!first) return { over: 0, done: 0 };
  let done = 0;
  let since = engine.now();
  const elapsedMs = (): number => Math.max(0, engine.now() - since);
  const start = async (loaded: LoadedStep | undefined): Promise<void> => {
    since = engine.now();
    if (loaded) await emit(engine, { type: "migration.started", ...identify(loaded) });
  };
  await start(first);
  const { store } = first.ready;
  const result =
    batch.length === 1 || !store.runBatch
      ? await runStep(first)
      : await store.runBatch(
          batch.map(({ step }) => step),
          async ({ notices, tookMs = elapsedMs() }) => {
            const finished = batch[done];
            done += 1;
            if (finished) await reportApplied(finished, tookMs, notices, engine);
            await start(batch[done]);
          },
        );
  const last = batch[done];
  if (!result || !last) return { over: done, done };
  const ended = await reportResult(result, last, elapsedMs(), run);
  return { ...ended, over: done + ended.over, done: done + ended.done };
}

function runStep({ ready, step }: LoadedStep): Promise<StepResult> {
  return ready.replaces === undefined
    ? ready.store.run(step)
    : recordSquash(step, ready.replaces, ready.store);
}

function identify({ step }: LoadedStep) {
  const { database, version, name, direction } = step;
  return { database: database.name, version, name, direction };
}

async function reportApplied(
  loaded: LoadedStep,
  tookMs: number,
  notices: readonly string[],
  engine: EngineContext,
): Promise<void> {
  await emit(engine, {
    type: "migration.applied",
    ...identify(loaded),
    tookMs,
    ...(notices.length > 0 && { notices: [...notices] }),
  });
}

/** Reports how the last step of a batch ended. */
async function reportResult(
  result: StepResult,
  loaded: LoadedStep,
  tookMs: number,
  { environment, engine }: PlanRun,
): Promise<BatchResult> {
  const of = identify(loaded);
  switch (result.outcome) {
    case "done": {
      const notices = [...result.notices, ...(await invalidIndexNotices(loaded))];
      await reportApplied(loaded, tookMs, notices, engine);
      return { over: 1, done: 1 };
    }
    case "skipped":
      await emit(engine, { type: "migration.skipped", ...of, reason: result.reason });
      return { over: 1, done: 0 };
    case "failed": {
      const failure = await failureOf(result, loaded, environment);
      const tried = { sql: loaded.body.sql, store: loaded.ready.store, tookMs };
      const locate = (found: unknown): Promise<unknown> => locateBySecondTry(found, tried, engine);
      // A file outside a transaction has not been rolled back.
      const isRolledBack = !loaded.step.noTransaction;
      const isSearched = isRolledBack && failure instanceof Failure;
      await emit(engine, {
        type: "migration.failed",
        ...of,
        tookMs,
        failure: toFailureData(isSearched ? beforeSecondTry(failure, tried, engine) : failure),
      });
      return {
        over: 1,
        done: 0,
        stop: { stop: "failed", failure, ...(isRolledBack && { locate }) },
      };
    }
    case "unknown": {
      const unknown = outcomeUnknown(result.error, loaded.ready, environment);
      await emit(engine, { type: "migration.unknown", ...of, reason: unknown.message });
      const failure = halfRedoneFailure(unknown, loaded.ready, environment);
      return { over: 1, done: 0, stop: { stop: "failed", failure } };
    }
    case "replan":
      return { over: 0, done: 0, stop: { stop: "replan", reason: result.reason } };
    case "cancelled":
      // Already reported as started: the database refuses it when it begins, or rolls it back.
      await emit(engine, {
        type: "migration.skipped",
        ...of,
        reason: "cancelled before it took effect",
      });
      return { over: 0, done: 0, stop: { stop: "cancelled" } };
    case "busy": {
      await emit(engine, {
        type: "migration.skipped",
        ...of,
        reason: `not run: ${result.holder}`,
      });
      const failure = halfRedoneFailure(busyFailure(result.holder), loaded.ready, environment);
      return { over: 1, done: 0, stop: { stop: "failed", failure } };
    }
  }
}

async function failureOf(
  { error, lockHolders }: Extract<StepResult, { outcome: "failed" }>,
  loaded: LoadedStep,
  environment: string,
): Promise<unknown> {
  const { ready, body, step } = loaded;
  const target = { environment, database: ready.database.name, versions: [step.version] };
  const failure = await stepFailure(error, {
    file: ready.file.path,
    sql: body.sql,
    // A redo keeps its roll-back.
    nothingKept: ready.store.atomic && !step.noTransaction && ready.redone !== true,
    lockHolders,
    lookForLock: lockHints(
      target,
      lockHolders?.some(({ pid }) => pid === 0),
    ),
    ...(step.direction === "up" && {
      markApplied: markHint(
        target,
        "applied",
        "if the database has everything that the file creates, record it as applied",
      ),
    }),
  });
  return halfRedoneFailure(
    await withLeftBehind(failure, error, loaded, environment),
    ready,
    environment,
  );
}

/** The last step may or may not have taken effect. */
function outcomeUnknown(error: unknown, step: ReadyStep, environment: string): Failure {
  const { version } = step.migration;
  const isUp = step.direction === "up";
  const [took, not] = isUp ? (["applied", "pending"] as const) : (["pending", "applied"] as const);
  return new Failure(
    "unreachable",
    "outcome-unknown",
    `It is not known whether ${step.file.path} took effect: ${whyUnknown(error)}. It may still be running.`,
    {
      hints: [
        textHint(
          `Check in the database ${step.database.name} whether ${migrationLabel(step.migration)} took effect and is no longer running.`,
        ),
        activityHint(
          { environment, database: step.database.name },
          "to see whether it is still running",
        ),
        markHint(
          { environment, database: step.database.name, versions: [version] },
          took,
          "if it took effect",
        ),
        retryHint({ reason: `if it did not (it is still recorded as ${not})` }),
      ],
      cause: error,
    },
  );
}

function whyUnknown(error: unknown): string {
  if (error instanceof Failure) return error.message.replace(/\.$/, "");
  const status = error instanceof HasuraCallError ? error.status : undefined;
  return status === undefined
    ? "the connection to Hasura was lost"
    : `the response was not the migration's (HTTP ${String(status)})`;
}
