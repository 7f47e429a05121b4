import type { EventOf } from "./events.ts";

type Rows = EventOf<"rows">;
type Row = (string | null)[];

/** A character takes at most this many bytes in JSON: `\u0000`. */
const mostBytesPerUnit = 6;

/**
 * The rows of an answer in parts of at most about `bytes` each. A longer value continues in the next part, which is then marked with
 * `continues`.
 */
export function splitRows({ columns, rows, ...event }: Rows, bytes: number): Rows[] {
  const parts: Rows[] = [{ ...event, columns, rows: [] }];
  let left = bytes - jsonBytes(columns);
  const next = (continues: boolean): Rows => {
    const part: Rows = { ...event, columns: [], rows: [], ...(continues && { continues }) };
    parts.push(part);
    left = bytes;
    return part;
  };
  for (const row of rows) {
    const size = jsonBytes(row) + 1;
    if (size > left && size <= bytes) next(false);
    if (size <= left) {
      parts.at(-1)?.rows.push(row);
      left -= size;
      continue;
    }
    for (const [i, piece] of piecesOf(row, Math.floor(bytes / mostBytesPerUnit)).entries())
      next(i > 0).rows.push(piece);
    left = 0;
  }
  return parts.filter((part, i) => i === 0 || part.rows.length > 0);
}

/** A row in pieces of at most about `units` UTF-16 units; each piece begins inside the value in which the previous one ends. */
function piecesOf(row: Row, units: number): Row[] {
  const pieces: Row[] = [[]];
  let left = units;
  for (const cell of row) {
    let rest = cell;
    while (rest !== null && rest.length > left) {
      pieces.at(-1)?.push(rest.slice(0, left));
      rest = rest.slice(left);
      pieces.push([]);
      left = units;
    }
    pieces.at(-1)?.push(rest);
    left = Math.max(1, left - (rest?.length ?? 4));
  }
  return pieces;
}

/** All parts as one, with the fields of the last one. */
export function joinRows(parts: readonly Rows[], last: Rows): Rows {
  const { type, database, cut } = last;
  const rows: Row[] = [];
  for (const part of parts)
    for (const [i, row] of part.rows.entries()) {
      const before = rows.at(-1);
      if (i > 0 || part.continues !== true || before === undefined) {
        rows.push([...row]);
        continue;
      }
      const [rest = null, ...others] = row;
      before.push(`${before.pop() ?? ""}${rest ?? ""}`, ...others);
    }
  const columns = parts[0]?.columns ?? [];
  return { type, database, columns, rows, ...(cut !== undefined && { cut }) };
}

function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
