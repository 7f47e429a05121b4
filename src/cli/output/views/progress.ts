import { duration } from "../format.ts";
import { severalDatabases, type PendingRow, type Row, type RunView } from "../run-view.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { padEnd, textWidth, truncate } from "../terminal/width.ts";
import { nameColumn } from "./name-column.ts";
import { itemLine } from "./plan.ts";
import { seedLine } from "./seeds.ts";

/** Pending migrations that are listed below the running one, at most. */
const maxPending = 8;
/** Names keep at least this many columns, however narrow the terminal is. */
const minNameWidth = 8;

export interface ProgressOptions {
  readonly style: Style;
  /** Size of the terminal. */
  readonly columns: number;
  readonly rows: number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** The current frame of the spinner. */
  readonly sign: Styled;
}

/**
 * The region at the bottom of the terminal: the running migration, the next ones, and what is waited for. Empty while no
 * migration has started. No line is wider than the terminal, and together they leave one of its rows free.
 */
export function progressLines(view: RunView, options: ProgressOptions): Styled[] {
  const { running, pending, done, waitingFor } = view;
  const { style, columns, rows, now, sign } = options;
  if (!running && (done === 0 || pending.length === 0)) return [];
  const head = running
    ? [cutRow(view, running, { sign, end: duration(now - running.sinceMs), columns })]
    : [];
  const tail =
    waitingFor === undefined ? [] : [styled`${sign} ${truncate(waitingFor, columns - 3)}`];
  const room = Math.max(0, rows - 1 - head.length - tail.length);
  return [...head, ...pendingLines(view, Math.min(maxPending, room), columns, style), ...tail];
}

/** At most `room` lines; the last of them counts what is not listed. */
function pendingLines(view: RunView, room: number, columns: number, style: Style): Styled[] {
  const { pending } = view;
  if (room < 1) return [];
  const listed = pending.length <= room ? pending.length : room - 1;
  const width = widestName(view);
  const lines = pending
    .slice(0, listed)
    .map((row) => truncate(pendingLine(row, width, columns), columns - 1));
  const more = pending.length - listed;
  if (more > 0) lines.push(truncate(`  … and ${more} more`, columns - 1));
  return lines.map((line) => style.dim(line));
}

function pendingLine(row: PendingRow, width: number, columns: number): Styled {
  return "item" in row ? itemLine(row.item, width, columns) : seedLine(row.seed, width, columns);
}

export interface RowOptions {
  readonly sign: Styled;
  /** The text after the name. */
  readonly end: string;
  readonly columns: number;
}

/** One migration or seed as a row: its name is shortened where the terminal is narrow. */
export function rowLine(view: RunView, row: Row, { sign, end, columns }: RowOptions): Styled {
  return styled`${sign} ${rowText(view, row, end, columns)}`;
}

/** The same row, cut to the terminal's width. */
function cutRow(view: RunView, row: Row, { sign, end, columns }: RowOptions): Styled {
  return styled`${sign} ${truncate(rowText(view, row, end, columns), columns - 3)}`;
}

function rowText(view: RunView, row: Row, end: string, columns: number): Styled {
  const prefix = plain(severalDatabases(view) ? `${row.database}  ` : "");
  const taken = 2 + textWidth(prefix) + row.version.length + 2 + 2 + textWidth(end) + 1;
  const room = Math.max(minNameWidth, columns - taken);
  const width = Math.min(room, widestName(view));
  const named =
    row.version === ""
      ? padEnd(truncate(row.name, room), width)
      : styled`${plain(row.version)}${nameColumn(row.name, width, room)}`;
  return styled`${prefix}${named}  ${truncate(end, columns)}`;
}

function widestName({ databases, seeds }: RunView): number {
  const names = [
    ...databases.flatMap(({ items }) => items.map(({ name }) => name)),
    ...seeds.flatMap(({ items }) => items.map(({ seed }) => seed)),
  ];
  return Math.max(0, ...names.map(textWidth));
}
