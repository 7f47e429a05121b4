import type { EventOf } from "../../../protocol/events.ts";
import { rowLimit } from "../../../protocol/operations.ts";
import { plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { exactText } from "../terminal/exact.ts";
import { plain, plainText, styled, type Styled } from "../terminal/styled.ts";
import { padEnd, spaces, textWidth, truncate } from "../terminal/width.ts";

type Rows = EventOf<"rows">;
type Cell = string | null;

/** Columns are never narrower than this; if they do not fit, each row becomes a block of lines. */
const narrowest = 8;
const gap = 2;

/** The rows of `sql` as a table or, if the terminal is too narrow, with one line for each value. */
export function rowsLines({ columns: names, rows }: Rows, style: Style, columns: number): Styled[] {
  if (names.length === 0) return [];
  const wanted = names.map((name, i) =>
    rows.reduce((widest, row) => Math.max(widest, cellWidth(row[i])), textWidth(name)),
  );
  const widths = fitted(wanted, columns);
  if (widths === undefined) return blocks(names, rows, style, columns);
  const heads = names.map((name, i) => style.bold(truncate(name, widths[i] ?? 0)));
  const rules = widths.map((width) => style.dim("─".repeat(width)));
  const table = { names, widths, right: numeric(names, rows) };
  return [
    line(heads, names, widths),
    line(rules, names, widths),
    ...rows.map((row) => tableRow(row, table, style)),
  ];
}

const sizeCut =
  "the rest is too large for one result; select fewer columns, or narrow the query down";

function rowsCut(count: number): string {
  return count < rowLimit.most
    ? "there are more; raise --limit, or narrow the query down"
    : `there are more, and ${String(rowLimit.most)} is the maximum; narrow the query down`;
}

/** `3 rows`, or a note that there are more. */
export function rowCount({ rows, cut }: Pick<Rows, "rows" | "cut">): string {
  const count = plural(rows.length, "row");
  if (cut === undefined) return count;
  return `! only the first ${count}: ${cut === "rows" ? rowsCut(rows.length) : sizeCut}`;
}

/** The rows as CSV, as PostgreSQL's COPY writes it: NULL is empty, and an empty string is `""`. */
export function csvLines({ columns, rows }: Rows, isExact: boolean): Styled[] {
  return [columns, ...rows].map((row) =>
    isExact ? exactText(row.map(csvCell).join(",")) : plainText(row.map(csvCell).join(",")),
  );
}

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  // `\.` alone on a line ends the data of COPY.
  const needsQuotes =
    cell === "" || cell === "\\." || /[",\r\n]/.test(cell) || cell.trim() !== cell;
  return needsQuotes ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The widths of the columns if they fit: the widest ones are made narrower. */
function fitted(wanted: readonly number[], columns: number): number[] | undefined {
  const room = columns - gap * (wanted.length - 1);
  const sum = (widths: readonly number[]): number => widths.reduce((a, b) => a + b, 0);
  if (sum(wanted) <= room) return [...wanted];
  const least = wanted.map((width) => Math.min(width, narrowest));
  if (sum(least) > room) return undefined;
  let cap = Math.min(room, Math.max(...wanted));
  const capped = (): number[] => wanted.map((width) => Math.min(width, Math.max(cap, narrowest)));
  while (sum(capped()) > room) cap -= 1;
  return capped();
}

function tableRow(
  row: readonly Cell[],
  {
    names,
    widths,
    right,
  }: {
    readonly names: readonly string[];
    readonly widths: readonly number[];
    readonly right: ReadonlySet<number>;
  },
  style: Style,
): Styled {
  const cells = names.map((_, i) => {
    const width = widths[i] ?? 0;
    const shown = truncate(cellText(row[i]), width);
    const look = row[i] === null ? style.dim(shown) : shown;
    return right.has(i) ? styled`${spaces(width - textWidth(shown))}${look}` : look;
  });
  return line(cells, names, widths);
}

/** Cells next to each other; the last one is not filled with spaces. */
function line(
  cells: readonly Styled[],
  names: readonly string[],
  widths: readonly number[],
): Styled {
  return cells.reduce<Styled>((before, cell, i) => {
    const isLast = i === names.length - 1;
    const fill = isLast ? plain("") : spaces((widths[i] ?? 0) - visibleWidth(cell) + gap);
    return styled`${before}${cell}${fill}`;
  }, plain(""));
}

/** The width of text that may have colours. */
function visibleWidth(cell: Styled): number {
  // eslint-disable-next-line no-control-regex -- the colours of this program
  return textWidth(cell.replaceAll(/\u001b\[\d+m/g, ""));
}

/** Columns whose values are all numbers, which are aligned to the right. */
function numeric(names: readonly string[], rows: Rows["rows"]): ReadonlySet<number> {
  const isNumber = (cell: Cell | undefined): boolean =>
    cell === null || (cell !== undefined && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(cell));
  return new Set(
    names.flatMap((_, i) =>
      rows.every((row) => isNumber(row[i])) && rows.some((row) => row[i] !== null) ? [i] : [],
    ),
  );
}

function blocks(
  names: readonly string[],
  rows: Rows["rows"],
  style: Style,
  columns: number,
): Styled[] {
  const width = Math.min(Math.max(...names.map(textWidth)), Math.floor(columns / 3));
  return rows.flatMap((row, at) => [
    style.dim(`─ row ${String(at + 1)}`),
    ...names.map((name, i) => {
      const value = truncate(cellText(row[i]), columns - width - gap);
      return styled`${style.bold(padEnd(truncate(name, width), width))}${spaces(gap)}${row[i] === null ? style.dim(value) : value}`;
    }),
  ]);
}

function cellWidth(cell: Cell | undefined): number {
  return textWidth(cellText(cell));
}

/** NULL without quotes; text that could be mistaken for NULL, or that is invisible, is quoted. */
function cellText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "NULL";
  return cell === "NULL" || cell.trim() === "" ? `'${cell}'` : cell;
}
