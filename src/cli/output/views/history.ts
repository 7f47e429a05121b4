import type { EventOf } from "../../../protocol/events.ts";
import type { HistoryRow } from "../../../protocol/history-row.ts";
import { migrationLabel } from "../../../protocol/migration.ts";
import type { Style } from "../terminal/colors.ts";
import { duration, exactLocalTime, localTime, plural } from "../format.ts";
import { directoryLabel } from "./banner.ts";
import { escapeControlsByLine } from "../terminal/escape-controls.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { textWidth, truncate, padEnd, wrap } from "../terminal/width.ts";

/** `whole` shows each run in full. */
export interface HistoryTableOptions {
  readonly whole: boolean;
  readonly style: Style;
  readonly columns: number;
}

/** The result of `history`: two lines per run, which fit 60 columns, or everything about each run. */
export function historyLines(
  { runs, queries = 0 }: EventOf<"history">,
  options: HistoryTableOptions,
): Styled[] {
  const { style, columns } = options;
  const left =
    queries === 1 ? "is not listed; --queries lists it" : "are not listed; --queries lists them";
  const counted = wrap(`${plural(queries, "query", "queries")} ${left}`, columns);
  const hidden = queries === 0 ? [] : counted.map(style.dim);
  if (runs.length === 0 && queries === 0) return [plain("No runs yet.")];
  if (options.whole)
    return runs.flatMap((run, i) => [...(i > 0 ? [plain("")] : []), ...inFull(run, options)]);
  const who = Math.min(12, Math.max(...runs.map(({ user }) => textWidth(user))));
  const what = Math.min(20, Math.max(...runs.map((run) => textWidth(whatOf(run)))));
  return [...runs.flatMap((run) => inShort(run, { who, what }, options)), ...hidden];
}

/** The result of `cancel`. */
export function cancelLine({ runs }: EventOf<"cancel.requested">, environment: string): Styled {
  return plain(
    runs.length === 0
      ? `Nothing is running in ${environment}.`
      : `Stopping after the current migration: ${runs.map((run) => `run ${shortRun(run)}`).join(", ")}.`,
  );
}

/** Enough of an id to tell runs apart: the part of a version 7 UUID that is its time in milliseconds. */
export function shortRun(run: string): string {
  return run.slice(0, 13);
}

/** `finished`, `cancelled` or a failure as `kind/code`; `running`, `paused` or `died` if no end was recorded. */
export function outcomeOf(run: HistoryRow): string {
  if (run.outcome !== undefined && run.outcome !== "paused") return run.outcome;
  if (run.live) return "running";
  return run.outcome ?? "died";
}

/** The outcome of a run, as a sentence: `failed: add_discounts: type "numerc" does not exist`. */
function resultOf(run: HistoryRow): string {
  const end = outcomeOf(run);
  const [kind, code] = end.split("/");
  if (code === undefined) return end === "died" ? "died: it never finished" : end;
  if (kind === "interrupted") return "interrupted";
  if (code === "another-run") return "gave up waiting for another run";
  return `failed: ${run.failure ?? end}`;
}

function inShort(
  run: HistoryRow,
  widths: { who: number; what: number },
  { style, columns }: HistoryTableOptions,
): Styled[] {
  const when = localTime(run.startedAt);
  const end = outcomeOf(run);
  const result = oneLine(resultOf(run));
  const head = styled`${plain(when)}  ${padEnd(truncate(run.user, widths.who), widths.who)}  ${padEnd(truncate(whatOf(run), widths.what), widths.what)}  `;
  const files = filesOf(run);
  const doing = run.live && run.activity !== undefined ? `  ${run.activity}` : "";
  const tail = `run ${shortRun(run.runId)}${files === "" ? "" : `  ${files}`}${tookOf(run)}${doing}`;
  const color = colorOf(end, style);
  return [
    styled`${color(signOf(end))} ${head}${color(truncate(result, Math.max(8, columns - 2 - textWidth(head))))}`,
    style.dim(`  ${truncate(tail, columns - 2)}`),
  ];
}

/** Where the migrations of a run came from, in a few words. */
function filesOf({ source, imageCommit, gitCommit }: HistoryRow): string {
  if (source?.kind === "upload")
    return `uploaded ${source.branch ?? source.directory ?? ""}`.trim();
  const commit = imageCommit ?? gitCommit;
  return commit === undefined ? "" : `commit ${commit.slice(0, 7)}`;
}

/** The directory that a run's migrations were uploaded from. */
function sourceText({ source }: HistoryRow): string | undefined {
  if (source?.kind !== "upload") return undefined;
  const { directory = "a directory", ...facts } = source;
  return `uploaded from ${directoryLabel({ directory, ...facts })} (self-reported)`;
}

function inFull(run: HistoryRow, { style, columns }: HistoryTableOptions): Styled[] {
  const end = outcomeOf(run);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["by", `${run.user} on ${run.host} (self-reported)`],
    [
      "branch",
      [run.gitBranch, run.gitCommit?.slice(0, 12)]
        .filter((part) => part !== undefined)
        .join(" at "),
    ],
    ["job", run.ciJob],
    ["image", run.imageCommit],
    ["files", sourceText(run)],
    ["request", run.requestId],
    ["started", exactLocalTime(run.startedAt)],
    ["ended", run.endedAt === undefined ? undefined : exactLocalTime(run.endedAt)],
    ["sha256", run.statement],
    ["doing", run.live ? run.activity : undefined],
    ["why", run.failure],
  ];
  return [
    styled`${colorOf(end, style)(signOf(end))} ${style.bold(`${run.operation} ${run.runId}`)}  ${plain(end)}`,
    ...facts.flatMap(([label, value]) => (value ? factLines(label, value, style, columns) : [])),
    ...run.migrations.map((row) => {
      const { change, ms } = row;
      const took = ms === undefined ? "" : `  ${duration(ms)}`;
      return styled`  ${truncate(`${migrationLabel(row, "  ")}  ${change}${took}`, columns - 2)}`;
    }),
    ...(run.seeds ?? []).map(({ name, ms }) => {
      const end = ms === undefined ? "not finished" : duration(ms);
      return styled`  ${truncate(`${name}  seed  ${end}`, columns - 2)}`;
    }),
  ];
}

/** One run in full is never cut. */
function factLines(label: string, value: string, style: Style, columns: number): Styled[] {
  return escapeControlsByLine(value)
    .flatMap((line) => wrap(line, columns - 11))
    .map((line, i) => styled`  ${style.dim((i === 0 ? label : "").padEnd(8))} ${line}`);
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, " ");
}

/** `3 up, 1 down`, or `2 seeds`. */
function whatOf({ migrations, seeds = [], operation }: HistoryRow): string {
  if (seeds.length > 0) return plural(seeds.length, "seed");
  const counts = new Map<string, number>();
  for (const { change } of migrations) counts.set(change, (counts.get(change) ?? 0) + 1);
  return counts.size === 0
    ? operation
    : [...counts].map(([what, count]) => `${count} ${what}`).join(", ");
}

function tookOf({ startedAt, endedAt }: HistoryRow): string {
  return endedAt === undefined
    ? ""
    : `  ${duration(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)))}`;
}

function signOf(end: string): string {
  switch (end) {
    case "finished":
      return "✓";
    case "running":
    case "paused":
      return "…";
    case "cancelled":
      return "·";
    default:
      return "✗";
  }
}

function colorOf(end: string, style: Style): (text: string) => Styled {
  if (end === "finished") return style.green;
  return end === "running" || end === "paused" || end === "cancelled" ? style.yellow : style.red;
}
