import type { EventOf } from "../../../protocol/events.ts";
import { duration, plural } from "../format.ts";
import { stepsText } from "../messages.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { padEnd, textWidth, truncate, truncateMiddle, wrap } from "../terminal/width.ts";
import { waitingText } from "../views/locks.ts";
import { differencesText } from "../views/metadata-diff.ts";
import { consistencyText } from "../views/metadata-status.ts";
import { filesLabel } from "../views/banner.ts";
import { rowCount } from "../views/rows.ts";
import { isToRun, rowLabel } from "../run-view.ts";
import { statusOf, type EnvironmentView } from "./environment-view.ts";

/** Environment names take at most this share of a line. */
const nameShare = 0.4;

export interface EnvironmentLinesOptions {
  readonly style: Style;
  /** Width of the terminal; Infinity if nothing is truncated. */
  readonly columns: number;
}

/** The region in a terminal while several environments run: one line each, as many as there is room for. */
export function boardLines(
  views: readonly EnvironmentView[],
  options: EnvironmentLinesOptions & {
    readonly rows: number;
    readonly now: number;
    readonly sign: Styled;
  },
): Styled[] {
  const advice = stopAdvice(views, options);
  const room = Math.max(1, options.rows - 2 - advice.length);
  const listed = views.length <= room ? views : mostTelling(views, room);
  const width = nameWidth(views, options.columns);
  const lines = listed.map((view) =>
    environmentLine(view, { ...options, width, ...boardText(view, options) }),
  );
  const hidden = views.length - listed.length;
  const more =
    hidden === 0
      ? []
      : [options.style.dim(truncate(`  … and ${hidden} more`, options.columns - 1))];
  return [...lines, ...more, ...advice];
}

/** Below the lines, while runs in progress have been asked to stop. */
function stopAdvice(
  views: readonly EnvironmentView[],
  { columns }: EnvironmentLinesOptions,
): Styled[] {
  const isStopping = views.some((view) => view.phase === "running" && view.stop !== undefined);
  const advice = "Press Ctrl-C again to detach.";
  const full = `Stopping … ${advice}`;
  return isStopping ? [truncate(textWidth(full) < columns ? full : advice, columns - 1)] : [];
}

/** How all of them ended, a line each, and a line that counts them. */
export function closingLines(
  views: readonly EnvironmentView[],
  options: EnvironmentLinesOptions & { readonly now: number },
): Styled[] {
  const width = nameWidth(views, options.columns);
  return [
    ...views.map((view) =>
      environmentLine(view, { ...options, width, ...closingText(view, options) }),
    ),
    ...wrap(countsText(views), options.columns).map(plain),
  ];
}

/** Those in progress, then those that failed, those that wait, and those that are done; in their own order. */
function mostTelling(views: readonly EnvironmentView[], room: number): EnvironmentView[] {
  const rank = ({ phase, result }: EnvironmentView): number =>
    phase === "running"
      ? 0
      : phase === "ended" && result !== "done"
        ? 1
        : phase === "waiting"
          ? 2
          : 3;
  const chosen = new Set(views.toSorted((a, b) => rank(a) - rank(b)).slice(0, room));
  return views.filter((view) => chosen.has(view));
}

function nameWidth(views: readonly EnvironmentView[], columns: number): number {
  const widest = Math.max(0, ...views.map(({ environment }) => textWidth(environment)));
  return Number.isFinite(columns) ? Math.min(widest, Math.floor(columns * nameShare)) : widest;
}

/** The parts of an environment's line after its name. */
export interface LineText {
  readonly sign: Styled;
  readonly text: string;
  /** For a line without room for `text`. */
  readonly short?: string;
  readonly took: string;
}

function environmentLine(
  { environment }: EnvironmentView,
  { sign, text, short = text, took, width, columns }: LineText & { width: number; columns: number },
): Styled {
  const name = padEnd(truncateMiddle(environment, width), width);
  if (!Number.isFinite(columns))
    return styled`${sign} ${name}  ${plain(took === "" ? text : `${text}  ${took}`)}`;
  const room = Math.max(0, columns - 1 - 2 - width - 2);
  const end = took === "" || textWidth(took) + 2 > room - 8 ? "" : `  ${took}`;
  const left = room - textWidth(end);
  const words = truncate(textWidth(text) <= left ? text : short, left);
  return styled`${sign} ${name}  ${padEnd(words, end === "" ? 0 : left)}${plain(end)}`;
}

function boardText(
  view: EnvironmentView,
  { style, now, sign }: { readonly style: Style; readonly now: number; readonly sign: Styled },
): LineText {
  if (view.phase !== "running") return closingText(view, { style, now });
  const { sinceMs = now } = view;
  return {
    ...{ sign, took: duration(now - sinceMs) },
    text: progressText(view, rowLabel),
    short: progressText(view, ({ name, version }) => name || version),
  };
}

/** `2/5 1700000000300 add_orders`, or what is being waited for; and that it is being stopped. */
function progressText(view: EnvironmentView, labelOf: typeof rowLabel): string {
  const { run, notices } = view;
  const { running, databases, done, waitingFor } = run;
  const planned =
    databases.reduce((sum, { items }) => sum + items.length, 0) +
    run.seeds.reduce((sum, { items }) => sum + items.filter(isToRun).length, 0);
  const count = planned > 0 && !run.dryRun ? `${done}/${planned} ` : "";
  const stop = stopText(view, labelOf);
  if (stop !== undefined) return `${count}${stop}`;
  if (waitingFor !== undefined) return `${count}${waitingFor}`;
  if (running) return `${count}${labelOf(running)}`;
  return count === "" ? (notices.at(-1) ?? "starting") : `${count}applied`;
}

/** How its run is being stopped; undefined where it is not. */
function stopText({ run, stop }: EnvironmentView, labelOf: typeof rowLabel): string | undefined {
  if (stop === undefined || stop === "failed") return undefined;
  if (stop === "pending") return "stopping as soon as the run has started";
  return run.running
    ? `stopping after ${labelOf(run.running)}`
    : `stopping before the next ${run.operation === "seed" ? "seed" : "migration"}`;
}

/** How one environment ended, in words. */
export function closingText(
  view: EnvironmentView,
  { style, now }: { readonly style: Style; readonly now: number },
): LineText {
  const took = view.tookMs === undefined ? "" : duration(view.tookMs);
  switch (view.phase) {
    case "waiting":
      return { sign: style.dim("·"), text: "waiting", took: "" };
    case "running":
      return { sign: style.dim("·"), text: "running", took: "" };
    case "skipped":
      return { sign: style.dim("·"), text: `not started: ${view.reason ?? ""}`, took: "" };
    case "ended":
      return { ...endedText(view, style, now), took };
  }
}

function endedText(view: EnvironmentView, style: Style, now: number): Omit<LineText, "took"> {
  const { result = "done", failure } = view;
  if (result === "done") return { sign: style.green("✓"), text: doneText(view, now) };
  if (result === "differs" && failure === undefined)
    return { sign: style.yellow("≠"), text: doneText(view, now) };
  // Only the local files can be at fault: `--check` could not compare them.
  if (failure === undefined && result === "usage")
    return {
      sign: style.red("✗"),
      text: `${doneText(view, now)}, not compared with the local files`,
    };
  const sign = result === "interrupted" ? plain("·") : style.red("✗");
  const applied = view.applied > 0 ? `${view.applied} applied, then: ` : "";
  return { sign, text: `${applied}${failure?.message ?? view.finished ?? result}` };
}

/** The label of the migrations that an operation has run. */
const doneWords: Readonly<Record<string, string>> = {
  apply: "applied",
  down: "rolled back",
  redo: "rolled back and applied",
  mark: "marked",
  seed: "seeds run",
};

function changesText({ applied, run: { operation, rolledBack } }: EnvironmentView): string {
  return operation === "reset-to"
    ? stepsText(applied, rolledBack)
    : `${applied} ${doneWords[operation] ?? "done"}`;
}

/** The result of a command that succeeded. */
function doneText(view: EnvironmentView, now: number): string {
  const { started } = view.run;
  if (view.applied > 0) return changesText(view);
  if (view.finished !== undefined) return view.finished;
  const status = statusOf(view);
  if (status) return [statusText(status), ...runsText(started, now)].join(" · ");
  return answerText(view);
}

/** `2 pending, metadata: 3 objects differ`. */
function pendingText({ results }: EnvironmentView, { databases }: EventOf<"plan">): string {
  const count = databases.reduce((sum, { items }) => sum + items.length, 0);
  const diff = results.find((each) => each.type === "metadata.diff");
  return `${count} pending${diff ? `, metadata: ${differencesText(diff)}` : ""}`;
}

/** The result that stands for all: the plan of a deployment comes after the differences of its metadata. */
function mainResult({ results }: EnvironmentView): EnvironmentView["results"][number] | undefined {
  return results.find(({ type }) => type === "plan") ?? results[0];
}

/** The answer to a question, in a few words. */
function answerText(view: EnvironmentView): string {
  const event = mainResult(view);
  switch (event?.type) {
    case "plan":
      return pendingText(view, event);
    case "seed.plan":
      return `${event.databases.flatMap(({ items }) => items.filter(isToRun)).length} to run`;
    case "rehearsal": {
      const counts = view.results.map((result) =>
        result.type === "rehearsal" ? result.migrations.length : 0,
      );
      return `${counts.reduce((sum, count) => sum + count, 0)} rehearsed`;
    }
    case "history":
      return plural(event.runs.length, "run");
    case "rows":
      return rowCount(event);
    case "locks":
      return waitingText(
        view.results
          .flatMap((result) => (result.type === "locks" ? result.sessions : []))
          .filter(({ waitsFor }) => waitsFor !== undefined).length,
      );
    case "metadata.diff":
      return differencesText(event);
    case "metadata.status":
      return consistencyText(event);
    case "cancel.requested":
      return event.runs.length === 0
        ? "no run in progress"
        : `${plural(event.runs.length, "run")} asked to stop`;
    default:
      return "done";
  }
}

/** The function's image, and its version of hasura-migrate. */
function runsText(started: EnvironmentView["run"]["started"], now: number): string[] {
  if (!started) return [];
  const image = filesLabel(started, now);
  return [...(image === "" ? [] : [image]), `hasura-migrate ${started.function.package}`];
}

/** `214 applied, 2 pending`. */
function statusText({ databases }: NonNullable<ReturnType<typeof statusOf>>): string {
  const counts = new Map<string, number>([["applied", 0]]);
  for (const { state } of databases.flatMap(({ migrations }) => migrations))
    counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
}

/** `3 done, 1 failed, 2 not started`. */
export function countsText(views: readonly EnvironmentView[]): string {
  const count = (of: (view: EnvironmentView) => boolean): number => views.filter(of).length;
  const parts = [
    [count(({ result }) => result === "done"), "done"],
    [count(({ result }) => result === "differs"), "with differences"],
    [
      count(
        ({ phase, result }) =>
          phase === "ended" &&
          result !== "done" &&
          result !== "differs" &&
          result !== "interrupted",
      ),
      "failed",
    ],
    [count(({ result }) => result === "interrupted"), "interrupted"],
    [count(({ phase }) => phase === "skipped"), "not started"],
  ] as const;
  const texts = parts.flatMap(([number, word]) => (number > 0 ? [`${number} ${word}`] : []));
  return `${plural(views.length, "environment")}: ${texts.join(", ")}`;
}
