import type { EventOf, RunEvent } from "../../protocol/events.ts";
import { fromFailureData, type Failure } from "../../protocol/failure.ts";
import type { Hint } from "../../protocol/hint.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { eventLine, finishedLine, runHeader, seedsHeader, stepsText } from "./messages.ts";
import { rowCount } from "./views/rows.ts";
import {
  isSeedEvent,
  isToRun,
  planIsResult,
  seedRow,
  type Row,
  type RunView,
  type SeedEvent,
} from "./run-view.ts";
import { banner } from "./views/banner.ts";

/** Events whose content is the result of a command. */
export type ResultEvent =
  | EventOf<"status">
  | EventOf<"history">
  | EventOf<"cancel.requested">
  | EventOf<"plan">
  | EventOf<"seed.plan">
  | EventOf<"locks">
  | EventOf<"rehearsal">
  | EventOf<"metadata.diff">
  | EventOf<"metadata.status">
  | EventOf<"rows">;

/** The report on one migration or seed. */
export type StepState =
  | "started"
  | "running"
  | "applied"
  | "rolled back"
  | "failed"
  | "skipped"
  | "outcome unknown"
  | "marked applied"
  | "marked pending";

export interface StepEntry {
  readonly kind: "step";
  readonly row: Row;
  readonly state: StepState;
  readonly tookMs?: number;
  readonly reason?: string;
  /** PostgreSQL's notices about the file. */
  readonly notices?: readonly string[];
}

/** One thing to show, worded independently of the renderer where possible. */
export type OutputEntry =
  | { readonly kind: "banner"; readonly text: string }
  | { readonly kind: "notice"; readonly text: string }
  /** What can be done about the notice before. */
  | { readonly kind: "hint"; readonly hint: Hint }
  | { readonly kind: "result"; readonly event: ResultEvent }
  | StepEntry
  /** `row` is the migration that failed; absent if the run failed as a whole. */
  | { readonly kind: "failure"; readonly failure: Failure; readonly row?: Row }
  /** The position of a failure that has been shown without it. */
  | { readonly kind: "place"; readonly failure: Failure }
  | { readonly kind: "finished"; readonly text: string; readonly cancelled: boolean }
  /** What was done and what was not, shown below a failure. */
  | { readonly kind: "failed-totals"; readonly text: string };

/** The entries for an event. `view` is the state before the event; `now` in epoch milliseconds. */
export function entriesOf(
  view: RunView,
  event: RunEvent | UnknownEvent,
  now: number,
): readonly OutputEntry[] {
  if (isAnswer(event)) return answerEntries(event);
  switch (event.type) {
    case "run.started":
      return bannerEntries(view, event, now);
    case "plan":
      return planEntries(view, event);
    case "inventory":
    case "metadata.document":
      return [];
    case "heartbeat":
      return heartbeatEntries(view, now);
    case "run.finished":
      return finishedEntries(view, event);
    case "run.failed":
      return failedEntries(view, event);
    default:
      if (isSeedEvent(event)) return seedEntries(event);
      return isMigrationEvent(event) ? migrationEntries(event) : noticeEntries(event);
  }
}

/** A result whatever the command is; a plan is one for some. */
type Answer = Exclude<ResultEvent, { type: "plan" | "seed.plan" }>;

const answers: ReadonlySet<string> = new Set<Answer["type"]>([
  "status",
  "history",
  "cancel.requested",
  "locks",
  "rehearsal",
  "metadata.diff",
  "metadata.status",
  "rows",
]);

function isAnswer(event: RunEvent | UnknownEvent): event is Answer {
  return answers.has(event.type);
}

function answerEntries(event: Answer): OutputEntry[] {
  const count = event.type === "rows" ? [{ kind: "notice" as const, text: rowCount(event) }] : [];
  return [{ kind: "result", event }, ...count];
}

function heartbeatEntries({ running }: RunView, now: number): OutputEntry[] {
  if (!running) return [];
  return [{ kind: "step", row: running, state: "running", tookMs: now - running.sinceMs }];
}

function noticeEntries(event: Parameters<typeof eventLine>[0]): OutputEntry[] {
  const text = eventLine(event);
  if (text === undefined) return [];
  const hints = event.type === "log" ? (event.hints ?? []) : [];
  return [{ kind: "notice", text }, ...hints.map((hint) => ({ kind: "hint" as const, hint }))];
}

type MigrationEvent = Extract<RunEvent, { type: `migration.${string}` }>;

function isMigrationEvent(event: RunEvent | UnknownEvent): event is MigrationEvent {
  return event.type.startsWith("migration.");
}

function migrationEntries(event: MigrationEvent): OutputEntry[] {
  const { database, version, name } = event;
  const row = { database, version, name };
  switch (event.type) {
    case "migration.started":
      return [{ kind: "step", row, state: "started" }];
    case "migration.applied": {
      const state = event.direction === "up" ? "applied" : "rolled back";
      const { tookMs, notices = [] } = event;
      return [{ kind: "step", row, state, tookMs, notices }];
    }
    case "migration.failed":
      return [
        { kind: "step", row, state: "failed", tookMs: event.tookMs },
        { kind: "failure", row, failure: fromFailureData(event.failure) },
      ];
    case "migration.skipped":
      return [{ kind: "step", row, state: "skipped", reason: event.reason }];
    case "migration.unknown":
      return [{ kind: "step", row, state: "outcome unknown", reason: event.reason }];
    case "migration.marked":
      return [
        { kind: "step", row, state: event.as === "applied" ? "marked applied" : "marked pending" },
      ];
  }
}

function seedEntries(event: SeedEvent): OutputEntry[] {
  if (event.type === "seed.plan") return seedPlanEntries(event);
  const row = seedRow(event);
  switch (event.type) {
    case "seed.started":
      return [{ kind: "step", row, state: "started" }];
    case "seed.applied": {
      const { tookMs, notices = [] } = event;
      return [{ kind: "step", row, state: "applied", tookMs, notices }];
    }
    case "seed.failed":
      return [
        { kind: "step", row, state: "failed", tookMs: event.tookMs },
        { kind: "failure", row, failure: fromFailureData(event.failure) },
      ];
    case "seed.skipped":
      return [{ kind: "step", row, state: "skipped", reason: event.reason }];
    case "seed.unknown":
      return [{ kind: "step", row, state: "outcome unknown", reason: event.reason }];
  }
}

function seedPlanEntries(event: EventOf<"seed.plan">): OutputEntry[] {
  if (event.dryRun === true) return [{ kind: "result", event }];
  return event.databases
    .filter(({ items }) => items.some(isToRun))
    .map((database) => ({ kind: "notice", text: seedsHeader(database) }));
}

/** A run that is continued after a pause starts again; the banner is shown once. */
function bannerEntries(
  { started, connection }: RunView,
  event: EventOf<"run.started">,
  now: number,
): OutputEntry[] {
  if (started || !connection) return [];
  return [{ kind: "banner", text: banner(event, connection, now) }];
}

function planEntries(view: RunView, event: EventOf<"plan">): OutputEntry[] {
  if (planIsResult({ ...view, dryRun: event.dryRun ?? false })) return [{ kind: "result", event }];
  return event.databases
    .filter(({ items }) => items.length > 0)
    .map((database) => ({ kind: "notice", text: runHeader(database) }));
}

function finishedEntries(view: RunView, event: EventOf<"run.finished">): OutputEntry[] {
  const text = finishedLine(event, view.operation, {
    dryRun: view.dryRun,
    planned: view.pending.length,
    already: alreadyDone(view),
    rolledBack: view.rolledBack,
    metadata: view.metadata,
  });
  return text === undefined
    ? []
    : [{ kind: "finished", text, cancelled: event.cancelled ?? false }];
}

/** Migrations that were applied before, or seeds that had already been run. */
function alreadyDone({ databases, seeds }: RunView): number {
  const seeded = seeds.flatMap(({ items }) => items).filter(({ state }) => state === "applied");
  return databases.reduce((sum, { applied }) => sum + applied, seeded.length);
}

/** The steps done before a failure. A redo that fails has only rolled back. */
function doneBefore({ operation, rolledBack }: RunView, done: number): string {
  if (operation === "reset-to") return stepsText(done, rolledBack);
  return `${done} ${operation === "down" || operation === "redo" ? "rolled back" : "applied"}`;
}

function failedEntries(view: RunView, event: EventOf<"run.failed">): OutputEntry[] {
  const { failure, applied, notReached } = event;
  const totals = [
    ...(applied > 0 ? [doneBefore(view, applied)] : []),
    ...(notReached > 0 ? [`${notReached} not run`] : []),
  ];
  const isShown = view.shownFailure === failure.message;
  return [
    ...(isShown ? [] : [{ kind: "failure" as const, failure: fromFailureData(failure) }]),
    ...(isShown && (failure.sql?.secondTry === true || view.placeFollows)
      ? [{ kind: "place" as const, failure: fromFailureData(failure) }]
      : []),
    ...(totals.length > 0 ? [{ kind: "failed-totals" as const, text: totals.join(", ") }] : []),
  ];
}
