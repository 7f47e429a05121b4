import type { EventOf, HistoryRow } from "../../../protocol/events.ts";
import type { Style } from "../terminal/colors.ts";
import { escapeControls, textWidth, truncate, duration, padEnd } from "../format.ts";

/** How a table is wanted. `whole`: each run in full, for the one that was asked about. */
export interface HistoryTableOptions {
  readonly whole: boolean;
  readonly style: Style;
  readonly columns: number;
}

/** The answer to `history`, two lines a run (they fit 60 columns), or everything about each. */
export function historyLines({ runs }: EventOf<"history">, wanted: HistoryTableOptions): string[] {
  if (runs.length === 0) return [wanted.whole ? "No such run is known." : "No runs yet."];
  if (wanted.whole)
    return runs.flatMap((run, i) => [...(i > 0 ? [""] : []), ...inFull(run, wanted)]);
  const who = Math.min(12, Math.max(...runs.map(({ user }) => textWidth(escapeControls(user)))));
  const what = Math.min(20, Math.max(...runs.map((run) => textWidth(whatOf(run)))));
  return runs.flatMap((run) => inShort(run, { who, what }, wanted));
}

/** What became of asking runs to stop. */
export function cancelLine({ runs }: EventOf<"cancel.requested">, environment: string): string {
  return runs.length === 0
    ? `Nothing is running in ${escapeControls(environment)}.`
    : `Asked to stop after the migration in hand: ${runs.map((run) => `run ${shortRun(run)}`).join(", ")}.`;
}

/** Enough of an id to tell runs apart: the part of a version 7 UUID that is its time, to the millisecond. */
export function shortRun(run: string): string {
  return escapeControls(run.slice(0, 13));
}

/** `finished`, `cancelled`, a failure as `kind/code`; and what it means when no end was recorded. */
export function outcomeOf(run: HistoryRow): string {
  if (run.outcome !== undefined && run.outcome !== "paused") return run.outcome;
  if (run.live) return "running";
  return run.outcome ?? "died";
}

function inShort(
  run: HistoryRow,
  widths: { who: number; what: number },
  { style, columns }: HistoryTableOptions,
): string[] {
  const when = run.startedAt.slice(5, 16).replace("T", " ");
  const end = outcomeOf(run);
  const head = `${when}  ${padEnd(truncate(run.user, widths.who), widths.who)}  ${padEnd(truncate(whatOf(run), widths.what), widths.what)}  `;
  const commit = run.imageCommit ?? run.gitCommit;
  const doing = run.live && run.doing !== undefined ? `  ${run.doing}` : "";
  const tail = `run ${shortRun(run.run)}${commit === undefined ? "" : `  commit ${commit.slice(0, 7)}`}${tookOf(run)}${doing}`;
  const color = colorOf(end, style);
  return [
    `${color(signOf(end))} ${head}${color(truncate(end, Math.max(8, columns - 2 - textWidth(head))))}`,
    style.dim(`  ${truncate(tail, columns - 2)}`),
  ];
}

function inFull(run: HistoryRow, { style, columns }: HistoryTableOptions): string[] {
  const end = outcomeOf(run);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["claimed", `${run.user} on ${run.host}`],
    [
      "branch",
      [run.gitBranch, run.gitCommit?.slice(0, 12)]
        .filter((part) => part !== undefined)
        .join(" at "),
    ],
    ["job", run.ciJob],
    ["image", run.imageCommit],
    ["request", run.requestId],
    ["started", run.startedAt],
    ["ended", run.endedAt],
    ["doing", run.live ? run.doing : undefined],
    ["why", run.failure],
  ];
  return [
    `${colorOf(end, style)(signOf(end))} ${style.bold(`${escapeControls(run.operation)} ${escapeControls(run.run)}`)}  ${escapeControls(end)}`,
    ...facts.flatMap(([label, value]) =>
      value ? [`  ${style.dim(label.padEnd(8))} ${truncate(value, columns - 11)}`] : [],
    ),
    ...run.migrations.map((it) => {
      const took = it.ms === undefined ? "" : `  ${duration(it.ms)}`;
      return `  ${truncate(`${it.version}  ${it.name}  ${it.what}${took}`, columns - 2)}`;
    }),
  ];
}

/** `3 up, 1 down`. */
function whatOf({ migrations, operation }: HistoryRow): string {
  const counts = new Map<string, number>();
  for (const { what } of migrations) counts.set(what, (counts.get(what) ?? 0) + 1);
  return counts.size === 0
    ? escapeControls(operation)
    : [...counts].map(([what, count]) => `${count} ${escapeControls(what)}`).join(", ");
}

function tookOf({ startedAt, endedAt }: HistoryRow): string {
  return endedAt === undefined
    ? ""
    : `  ${duration(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)))}`;
}

function signOf(end: string): string {
  return end === "finished"
    ? "✓"
    : end === "running" || end === "paused"
      ? "…"
      : end === "cancelled"
        ? "·"
        : "✗";
}

function colorOf(end: string, style: Style): (text: string) => string {
  return end === "finished"
    ? style.green
    : end === "running" || end === "paused" || end === "cancelled"
      ? style.yellow
      : style.red;
}
