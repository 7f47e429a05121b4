import type { EventOf, RunEvent } from "../../../protocol/events.ts";
import type { HistoryRow } from "../../../protocol/history-row.ts";
import { Failure } from "../../../protocol/failure.ts";
import type { Task, TaskRunner, TaskState, TaskStop } from "../../connection/task-runner.ts";
import type { Connection } from "../../connection/connection.ts";
import type { CliContext } from "../../context.ts";
import type { RunPart } from "../follow-run.ts";
import { lookUpRun, type Lookup } from "../look-up-run.ts";
import { queryBackoff } from "../query.ts";
import { countsOf, recordedEnd } from "../recorded-end.ts";
import { maxStale } from "../recover-outcome.ts";
import { activityOf, newsReporter } from "../run-news.ts";
import { reduceRun, type RunState } from "../run-state.ts";
import { cannotFollow, taskKilled, taskNotStarted } from "./task-failures.ts";
import { loggedEnd, type LoggedEnd } from "./logged-end.ts";
import { afterRow, newProgress, type TaskProgress } from "./task-progress.ts";

/** What running in a task needs beside the run itself. */
export interface TaskRunContext {
  /** To the function, which is asked for the plan and about the run. */
  readonly connection: Connection;
  readonly notice: (line: string) => void;
  readonly waiting: (text: string) => void;
  readonly now: CliContext["now"];
  readonly sleep: CliContext["sleep"];
  readonly every: CliContext["every"];
}

/** A task that runs one part of a run, and what was reported of it. */
export interface FollowedTask extends TaskRunContext {
  readonly part: RunPart;
  readonly tasks: TaskRunner;
  readonly task: Task;
  readonly started: EventOf<"run.started">;
  /** What was reported with the plan. */
  readonly reported: readonly RunEvent[];
  readonly plan: EventOf<"plan">;
}

/** How often a long run is reported as still going on. */
const repeatMs = 300_000;
/** Give up after this many lookups in a row that will not get better, such as with credentials that have expired. */
const maxFailed = 3;
/** Give up after this long without a successful lookup. */
const longestSilenceMs = 900_000;
/** The same for a run that neither ECS nor the ledger shows, in lookups: it may be waiting for its turn. */
const maxUnrecorded = 180;

/** How far a task was followed. */
interface Following {
  readonly progress: TaskProgress;
  /** False while ECS reports that it is starting: the ledger is asked only after that. */
  readonly hasBegun: boolean;
  /** True once the ledger has shown the run. */
  readonly isSeen: boolean;
  /** Why it ended; it is looked up in the ledger once more after that. */
  readonly stop: TaskStop | undefined;
  /** Lookups in a row that failed for good. */
  readonly failed: number;
  /** When a lookup succeeded last. */
  readonly seenAt: number;
  /** How often the ledger did not show the run, or showed no sign of life, since ECS last reported the task. */
  readonly untracked: Readonly<Record<"not-recorded" | "stale", number>>;
}

const tracked: Following["untracked"] = { "not-recorded": 0, stale: 0 };

/**
 * Follows a task in the ledger, through the function, to the end of its part of the run. Throws `task-not-started` if it ended
 * before it reached the ledger, `task-killed` if it ended without an end in the ledger, and `task-not-followed` if nothing can be
 * asked.
 */
export async function* followTask(followed: FollowedTask): AsyncGenerator<RunEvent> {
  const { part, sleep, now, waiting } = followed;
  const run = runOf(followed);
  const report = newsReporter({ now, waiting, repeatMs });
  let following = newFollowing(followed);
  for (let attempt = 1; ; attempt += 1) {
    if (!following.hasBegun) {
      const state = await stateOf(followed);
      following = { ...afterState(following, state), seenAt: now() };
      if (state?.kind === "starting") report(`waiting for the ECS task to start (${state.status})`);
    }
    if (following.hasBegun) {
      const found = await lookUpRun({ ...followed, ...part, run });
      warnOfImage(followed, following, found);
      const shown = afterRow(following.progress, "row" in found ? found.row : undefined);
      yield* shown.events;
      following = afterLookup({ ...following, progress: shown.progress }, found, now());
      const ending = endOf(followed, run, following, found);
      if (ending) {
        yield* ending;
        return;
      }
      report(...newsOf(found, now()));
      if (found.kind !== "active") {
        following = afterState(following, await stateOf(followed), found);
        // What it did last may be in the ledger by now.
        if (following.stop) continue;
        checkTracked(followed, run, following);
      }
    }
    await sleep(queryBackoff(attempt), part.signal);
  }
}

/** The first time that the ledger has the run: the plan was made by the function's image. */
function warnOfImage(
  { started, notice }: FollowedTask,
  { isSeen }: Following,
  found: Lookup,
): void {
  const planned = started.image.commit;
  if (isSeen || !("row" in found)) return;
  const { imageCommit } = found.row;
  if (planned === undefined || imageCommit === undefined || imageCommit === planned) return;
  notice(
    `! The task's image (${imageCommit}) is not that of the function (${planned}), which made the plan. Update the task definition.`,
  );
}

function newFollowing({ plan, now }: FollowedTask): Following {
  return {
    progress: newProgress(plan),
    hasBegun: false,
    isSeen: false,
    stop: undefined,
    failed: 0,
    seenAt: now(),
    untracked: tracked,
  };
}

/** What is left to report, if the task or its run has ended; undefined if it goes on. Throws if it cannot be followed. */
function endOf(
  followed: FollowedTask,
  run: RunState,
  following: Following,
  found: Lookup,
): AsyncIterable<RunEvent> | undefined {
  if (found.kind === "ended") return ended(followed, run, found);
  if (found.kind === "paused") return paused(followed, run, found.row);
  if (found.kind === "active") return undefined;
  if (following.stop) return withoutEnd(followed, found, following.stop);
  if (found.kind === "failed" && isHopeless(following, followed.now()))
    throw cannotFollow(run, found.failure);
  return undefined;
}

function newsOf(found: Lookup, now: number): [news: string, detail?: string] {
  switch (found.kind) {
    case "active":
      return activityOf(found.row, now);
    case "failed":
      return [`could not look up the run: ${found.failure.message}`];
    default:
      return ["waiting for the ECS task"];
  }
}

/** The run as the driver knows it, from the events that were reported at the start. */
function runOf({ part, started, plan }: FollowedTask): RunState {
  return [started, plan].reduce<RunState>(reduceRun, part.run);
}

/** The state of a task that ECS knows. */
type KnownState = Exclude<TaskState, { readonly kind: "missing" }>;

/**
 * Undefined if ECS does not know the task, not yet or no longer, does not answer, or may not be asked: the ledger is followed all
 * the same.
 */
async function stateOf({ tasks, task, part }: FollowedTask): Promise<KnownState | undefined> {
  try {
    const state = await tasks.state(task, part.signal);
    return state.kind === "missing" ? undefined : state;
  } catch (thrown) {
    if (!(thrown instanceof Failure) || part.signal.aborted) throw thrown;
    return undefined;
  }
}

function afterState(
  following: Following,
  state: KnownState | undefined,
  found?: Lookup,
): Following {
  const next = {
    ...following,
    hasBegun: state?.kind !== "starting",
    stop: state?.kind === "stopped" ? state.stop : undefined,
  };
  if (state !== undefined) return { ...next, untracked: tracked };
  const kind = untrackedKind(found);
  if (kind === undefined) return next;
  const { untracked } = following;
  return { ...next, untracked: { ...untracked, [kind]: untracked[kind] + 1 } };
}

/** A run that is continued stays paused in the ledger until its next task has started. */
function untrackedKind(found: Lookup | undefined): keyof Following["untracked"] | undefined {
  if (found?.kind === "stale") return found.row.outcome === "paused" ? "not-recorded" : "stale";
  return found?.kind === "not-recorded" ? "not-recorded" : undefined;
}

function afterLookup(following: Following, found: Lookup, now: number): Following {
  const isSeen = following.isSeen || "row" in found;
  if (found.kind === "failed")
    return { ...following, failed: found.transient ? 0 : following.failed + 1 };
  const untracked = found.kind === "active" ? tracked : following.untracked;
  return { ...following, isSeen, failed: 0, seenAt: now, untracked };
}

/** Throws if nothing shows whether the task still runs. */
function checkTracked(
  { tasks, task }: FollowedTask,
  run: RunState,
  { untracked }: Following,
): void {
  if (untracked.stale >= maxStale) throw taskKilled(tasks.logHint(task));
  if (untracked["not-recorded"] >= maxUnrecorded) throw cannotFollow(run);
}

function isHopeless({ failed, seenAt }: Following, now: number): boolean {
  return failed >= maxFailed || now - seenAt >= longestSilenceMs;
}

/** The end of a run that the ledger shows, with what only the task's log has. */
async function* ended(
  followed: FollowedTask,
  run: RunState,
  { row, outcome }: Extract<Lookup, { kind: "ended" }>,
): AsyncGenerator<RunEvent> {
  const recorded = recordedEnd(run, row, outcome);
  const own = ownPart(run, recorded);
  const logged = await loggedEnd(followed);
  yield* beforeEnd(followed, logged);
  const closing = logged?.closing;
  yield recorded.type === "run.failed" && closing?.type === "run.failed"
    ? { ...own, type: "run.failed", failure: closing.failure }
    : { ...recorded, ...own };
}

function beforeEnd({ notice }: FollowedTask, logged: LoggedEnd | undefined): readonly RunEvent[] {
  if (logged === undefined)
    notice(
      "! The log of the ECS task could not be read, so warnings, notices and the outcome for the metadata are not shown.",
    );
  return logged?.before ?? [];
}

/** The counts of this part of the run: those of earlier parts are added to it. */
function ownPart(
  { earlier }: RunState,
  { applied, notReached, tookMs }: { applied: number; notReached: number; tookMs: number },
): { readonly applied: number; readonly notReached: number; readonly tookMs: number } {
  return {
    applied: Math.max(0, applied - earlier.applied),
    notReached,
    tookMs: Math.max(0, tookMs - earlier.tookMs),
  };
}

/** A task that AWS stopped is continued in another one; one that a person stopped is not. */
async function* paused(
  followed: FollowedTask,
  run: RunState,
  row: HistoryRow,
): AsyncGenerator<RunEvent> {
  const { now, part, notice } = followed;
  const counts = { ...countsOf(run, row), tookMs: run.earlier.tookMs + now() - part.sent.lastAt };
  const state = await stateOf(followed);
  const stop = state?.kind === "stopped" ? state.stop : undefined;
  yield* beforeEnd(followed, await loggedEnd(followed));
  if (stop?.code === "UserInitiated") {
    notice(`! The ECS task was stopped manually: ${stop.reason ?? "no reason given"}`);
    yield { type: "run.finished", ...ownPart(run, counts), cancelled: true };
    return;
  }
  yield { type: "run.paused", reason: "the ECS task was stopped", ...ownPart(run, counts) };
}

/** A task that has ended although the ledger shows no end. */
async function* withoutEnd(
  followed: FollowedTask,
  found: Lookup,
  stop: TaskStop,
): AsyncGenerator<RunEvent> {
  const { tasks, task } = followed;
  const readLog = tasks.logHint(task);
  if (found.kind === "stale") throw taskKilled(readLog, stop);
  const logged = await loggedEnd(followed);
  if (logged?.closing === undefined)
    throw found.kind === "failed" ? taskKilled(readLog, stop) : taskNotStarted(task, readLog, stop);
  yield* logged.before;
  yield logged.closing;
}
