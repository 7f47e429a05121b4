import * as z from "zod";
import type { EventOf, RunEvent } from "./events.ts";

/*
 * A long answer to `status` in columns: one list for each field, with values that many rows share written once. Only on the wire,
 * and only for clients that accept it: they read it as the `status` event that it stands for.
 */

/** The event's type, and what a client writes in `accept` to receive it. */
export const statusColumns = "status.rows";

/** Shorter answers are sent as they are. */
const fewestRows = 100;
/** Rows of one event: few enough for one line, as a rule. */
const rowsPerEvent = 400;
/** What the rows of one event may take when they are written out, in UTF-16 units. */
const largestRows = 512 * 1024;

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
type Scalar = z.infer<typeof Scalar>;

const Column = z.union([
  /** The same in every row. */
  z.object({ same: Scalar }),
  /** A value for each row. */
  z.object({ each: z.array(z.unknown()) }),
  /** Few values; which one each row has, -1 for none. */
  z.object({ among: z.array(Scalar), at: z.array(z.int().min(-1)) }),
  /** The rows that have one, and what they have. */
  z.object({ some: z.array(z.tuple([z.int().nonnegative(), z.unknown()])) }),
]);
type Column = z.infer<typeof Column>;

const Columns = z.array(z.tuple([z.string(), Column]));
const Event = z.looseObject({
  type: z.literal(statusColumns),
  databases: z.array(z.looseObject({ count: z.int().nonnegative(), columns: Columns })),
});

type Row = Readonly<Record<string, unknown>>;

/** True for a status with so many rows that columns are worth it. */
export function isLongStatus(event: RunEvent): event is EventOf<"status"> {
  return (
    event.type === "status" &&
    event.databases.reduce((rows, { migrations }) => rows + migrations.length, 0) >= fewestRows
  );
}

/**
 * The lines of a status in columns, each at most `bytes` long, line feed included. Undefined if a single row is too long for a
 * line.
 */
export function columnLines(event: EventOf<"status">, bytes: number): string[] | undefined {
  const { databases, ...about } = event;
  const parts = databases.flatMap(({ migrations, ...database }) =>
    chunks(migrations).map((rows) => ({ database, rows })),
  );
  const lines: string[] = [];
  while (parts.length > 0) {
    const part = parts.shift();
    if (part === undefined) break;
    const { database, rows } = part;
    const columns = columnsOf(rows);
    const line = JSON.stringify({
      ...about,
      type: statusColumns,
      databases: [{ ...database, count: rows.length, columns }],
      ...(parts.length > 0 && { more: true }),
    });
    // Both kinds of quotation fit: a UTF-16 unit takes at most three bytes.
    const fits = line.length * 3 < bytes || Buffer.byteLength(line) < bytes;
    if (fits && sizeOf(rows.length, columns) <= largestRows) lines.push(`${line}\n`);
    else if (rows.length <= 1) return undefined;
    else {
      const middle = Math.ceil(rows.length / 2);
      parts.unshift(
        { database, rows: rows.slice(0, middle) },
        { database, rows: rows.slice(middle) },
      );
    }
  }
  return lines;
}

/** What a line in columns stands for: a `status` event that has yet to be checked, and its size when it is written out. */
export function readColumns(
  value: unknown,
): { readonly event: unknown; readonly size: number } | undefined {
  const parsed = Event.safeParse(value);
  if (!parsed.success) return undefined;
  const { databases, ...about } = parsed.data;
  const size = databases.reduce((sum, { count, columns }) => sum + sizeOf(count, columns), 0);
  if (!(size <= 2 * largestRows)) return undefined;
  if (!databases.every(({ count, columns }) => isWhole(count, columns))) return undefined;
  const written = databases.map(({ count, columns, ...database }) => ({
    ...database,
    migrations: rowsOf(count, columns),
  }));
  return { event: { ...about, type: "status", databases: written }, size };
}

function chunks<T>(rows: readonly T[]): (readonly T[])[] {
  const count = Math.max(1, Math.ceil(rows.length / rowsPerEvent));
  return Array.from({ length: count }, (_, i) =>
    rows.slice(i * rowsPerEvent, (i + 1) * rowsPerEvent),
  );
}

function columnsOf(rows: readonly object[]): [string, Column][] {
  const values = new Map<string, unknown[]>();
  for (const [i, row] of rows.entries())
    for (const [name, value] of Object.entries(row)) {
      if (value === undefined) continue;
      const column = values.get(name) ?? new Array<unknown>(rows.length).fill(undefined);
      column[i] = value;
      values.set(name, column);
    }
  return [...values].map(([name, column]) => [name, columnOf(column)]);
}

function columnOf(values: readonly unknown[]): Column {
  const distinct = new Map<Scalar, number>();
  let absent = 0;
  for (const value of values)
    if (value === undefined) absent += 1;
    else if (isScalar(value)) distinct.set(value, distinct.get(value) ?? distinct.size);
    else return { some: values.flatMap((each, i) => (each === undefined ? [] : [[i, each]])) };
  const [first] = distinct.keys();
  if (absent === 0 && distinct.size === 1 && first !== undefined) return { same: first };
  if (absent === 0 && distinct.size > values.length / 2) return { each: [...values] };
  return {
    among: [...distinct.keys()],
    at: values.map((value) => (isScalar(value) ? (distinct.get(value) ?? -1) : -1)),
  };
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** True if the lists of the columns have as many rows as they should, and every place in them exists. */
function isWhole(count: number, columns: readonly [string, Column][]): boolean {
  return columns.every(([, column]) => {
    if ("each" in column) return column.each.length === count;
    if ("at" in column)
      return column.at.length === count && column.at.every((at) => at < column.among.length);
    return "same" in column || column.some.every(([row]) => row < count);
  });
}

function rowsOf(count: number, columns: readonly [string, Column][]): Row[] {
  const fields: [string, unknown][][] = Array.from({ length: count }, () => []);
  for (const [name, column] of columns)
    for (const [row, value] of cellsOf(count, column))
      if (value !== undefined) fields[row]?.push([name, value]);
  // Not by assignment: a field may be called `__proto__`.
  return fields.map((each) => Object.fromEntries(each));
}

function cellsOf(count: number, column: Column): readonly (readonly [number, unknown])[] {
  if ("some" in column) return column.some;
  if ("each" in column) return column.each.map((value, row) => [row, value]);
  if ("at" in column) return column.at.map((at, row) => [row, column.among[at]]);
  return Array.from({ length: count }, (_, row) => [row, column.same]);
}

/** About how long the rows are in JSON. */
function sizeOf(count: number, columns: readonly [string, Column][]): number {
  return columns.reduce(
    (sum, [name, column]) => sum + count * (name.length + 6) + valuesSize(count, column),
    count * 2,
  );
}

function valuesSize(count: number, column: Column): number {
  if ("same" in column) return count * sizeOfScalar(column.same);
  if ("each" in column) return JSON.stringify(column.each).length;
  if ("some" in column) return JSON.stringify(column.some).length;
  return column.at.reduce((sum, at) => sum + sizeOfScalar(column.among[at] ?? ""), 0);
}

function sizeOfScalar(value: Scalar): number {
  return typeof value === "string" ? value.length + 2 : 5;
}
