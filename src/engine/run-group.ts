import { Failure, toFailureData } from "../protocol/failure.ts";
import type { StepResult } from "./books.ts";
import type { EngineDeps } from "./engine-deps.ts";
import { lostOutcome } from "./lost-outcome.ts";
import { say } from "./say.ts";
import { stepFailure } from "./sql-failure.ts";
import type { ReadStep } from "./step-texts.ts";

/** How steps ended: how many are over, how many of them are done, and why no other is to follow. */
export interface Ended {
  readonly over: number;
  readonly done: number;
  readonly failure?: unknown;
  /** Why the plan no longer holds. */
  readonly replan?: string;
  readonly cancelled?: boolean;
}

/** Runs steps that go in one request, or a single one, and says of each what became of it. */
export async function runGroup(group: readonly ReadStep[], environment: string, deps: EngineDeps): Promise<Ended> {
  const [first] = group;
  if (!first) return { over: 0, done: 0 };
  let done = 0;
  let since = deps.now();
  const elapsed = (): number => Math.max(0, deps.now() - since);
  const started = async (it: ReadStep | undefined): Promise<void> => {
    since = deps.now();
    if (it) await say(deps, { type: "migration.started", ...of(it) });
  };
  await started(first);
  const { books } = first.ready;
  const result =
    group.length === 1 || !books.runSeveral
      ? await books.run(first.step)
      : await books.runSeveral(
          group.map(({ step }) => step),
          async ({ notices, tookMs = elapsed() }) => {
            const it = group[done];
            done += 1;
            if (it) await sayApplied(it, tookMs, notices, deps);
            await started(group[done]);
          },
        );
  const it = group[done];
  if (!result || !it) return { over: done, done };
  const { over, ...last } = await ended(result, it, elapsed(), environment, deps);
  return { ...last, over: done + over, done: done + last.done };
}

const of = ({ step }: ReadStep) => ({ database: step.database.name, version: step.version, name: step.name, direction: step.direction });

async function sayApplied(it: ReadStep, tookMs: number, notices: readonly string[], deps: EngineDeps): Promise<void> {
  await say(deps, { type: "migration.applied", ...of(it), tookMs, ...(notices.length > 0 && { notices: [...notices] }) });
}

async function ended(result: StepResult, it: ReadStep, tookMs: number, environment: string, deps: EngineDeps): Promise<Ended> {
  switch (result.outcome) {
    case "done":
      await sayApplied(it, tookMs, result.notices, deps);
      return { over: 1, done: 1 };
    case "skipped":
      await say(deps, { type: "migration.skipped", ...of(it), reason: result.reason });
      return { over: 1, done: 0 };
    case "failed": {
      const failure = stepFailure(result.error, {
        version: it.step.version,
        file: it.ready.file.path,
        sql: it.body.sql,
        nothingKept: it.ready.books.kind === "ledger" && !it.step.noTransaction,
      });
      await say(deps, { type: "migration.failed", ...of(it), tookMs, failure: toFailureData(failure) });
      return { over: 1, done: 0, failure };
    }
    case "unknown": {
      const failure = lostOutcome(result.error, it.ready, environment);
      await say(deps, { type: "migration.unknown", ...of(it), reason: failure.message });
      return { over: 1, done: 0, failure };
    }
    case "replan":
      return { over: 0, done: 0, replan: result.reason };
    case "cancelled":
      await say(deps, { type: "migration.skipped", ...of(it), reason: "not begun: the run was asked to stop" });
      return { over: 0, done: 0, cancelled: true };
    case "busy":
      return { over: 1, done: 0, failure: busy(result.holder) };
  }
}

function busy(holder: string): Failure {
  return new Failure("busy", "busy", `Another run works on this database: ${holder}.`, { hints: ["run again when it has ended"] });
}
