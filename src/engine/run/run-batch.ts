import { Failure, toFailureData } from "../../protocol/failure.ts";
import type { StepResult } from "../store/store.ts";
import type { EngineContext } from "../context.ts";
import { lostOutcome } from "./lost-outcome.ts";
import { emit } from "../emit.ts";
import { stepFailure } from "../hasura/sql-errors.ts";
import type { LoadedStep } from "./load-steps.ts";

/** How steps ended: how many are over, how many of them are done, and why no other is to follow. */
export interface BatchResult {
  readonly over: number;
  readonly done: number;
  readonly failure?: unknown;
  /** Why the plan no longer holds. */
  readonly replan?: string;
  readonly cancelled?: boolean;
}

/** Runs steps that go in one request, or a single one, and says of each what became of it. */
export async function runBatch(
  group: readonly LoadedStep[],
  environment: string,
  engine: EngineContext,
): Promise<BatchResult> {
  const [first] = group;
  if (!first) return { over: 0, done: 0 };
  let done = 0;
  let since = engine.now();
  const elapsed = (): number => Math.max(0, engine.now() - since);
  const started = async (it: LoadedStep | undefined): Promise<void> => {
    since = engine.now();
    if (it) await emit(engine, { type: "migration.started", ...of(it) });
  };
  await started(first);
  const { store } = first.ready;
  const result =
    group.length === 1 || !store.runBatch
      ? await store.run(first.step)
      : await store.runBatch(
          group.map(({ step }) => step),
          async ({ notices, tookMs = elapsed() }) => {
            const it = group[done];
            done += 1;
            if (it) await sayApplied(it, tookMs, notices, engine);
            await started(group[done]);
          },
        );
  const it = group[done];
  if (!result || !it) return { over: done, done };
  const { over, ...last } = await ended(result, it, elapsed(), environment, engine);
  return { ...last, over: done + over, done: done + last.done };
}

const of = ({ step }: LoadedStep) => ({
  database: step.database.name,
  version: step.version,
  name: step.name,
  direction: step.direction,
});

async function sayApplied(
  it: LoadedStep,
  tookMs: number,
  notices: readonly string[],
  engine: EngineContext,
): Promise<void> {
  await emit(engine, {
    type: "migration.applied",
    ...of(it),
    tookMs,
    ...(notices.length > 0 && { notices: [...notices] }),
  });
}

async function ended(
  result: StepResult,
  it: LoadedStep,
  tookMs: number,
  environment: string,
  engine: EngineContext,
): Promise<BatchResult> {
  switch (result.outcome) {
    case "done":
      await sayApplied(it, tookMs, result.notices, engine);
      return { over: 1, done: 1 };
    case "skipped":
      await emit(engine, { type: "migration.skipped", ...of(it), reason: result.reason });
      return { over: 1, done: 0 };
    case "failed": {
      const failure = stepFailure(result.error, {
        version: it.step.version,
        file: it.ready.file.path,
        sql: it.body.sql,
        nothingKept: it.ready.store.atomic && !it.step.noTransaction,
      });
      await emit(engine, {
        type: "migration.failed",
        ...of(it),
        tookMs,
        failure: toFailureData(failure),
      });
      return { over: 1, done: 0, failure };
    }
    case "unknown": {
      const failure = lostOutcome(result.error, it.ready, environment);
      await emit(engine, { type: "migration.unknown", ...of(it), reason: failure.message });
      return { over: 1, done: 0, failure };
    }
    case "replan":
      return { over: 0, done: 0, replan: result.reason };
    case "cancelled":
      await emit(engine, {
        type: "migration.skipped",
        ...of(it),
        reason: "not begun: the run was asked to stop",
      });
      return { over: 0, done: 0, cancelled: true };
    case "busy":
      return { over: 1, done: 0, failure: busy(result.holder) };
  }
}

function busy(holder: string): Failure {
  return new Failure("busy", "busy", `Another run works on this database: ${holder}.`, {
    hints: ["run again when it has ended"],
  });
}
