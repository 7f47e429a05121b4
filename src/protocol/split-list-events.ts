import type { EventOf, RunEvent } from "./events.ts";

type ListEvent = EventOf<"plan"> | EventOf<"status"> | EventOf<"history">;

/**
 * A list too long for one event as several, each of about `bytes` at most and all but the last with `more`; any other event as
 * it is. A single row above the bound is a part of its own, and stays too long.
 */
export function splitListEvent(event: RunEvent, bytes: number): RunEvent[] {
  if (!isList(event)) return [event];
  const budget = bytes - 1024; // the event around its rows
  switch (event.type) {
    case "plan":
      return marked(
        groups(
          event.databases.flatMap(({ items, ...database }) =>
            rowsOf(items, (it) => ({ ...database, items: it })),
          ),
          budget,
        ).map((databases) => ({
          ...event,
          databases: merged(databases, (a, b) => ({ ...a, items: [...a.items, ...b.items] })),
        })),
      );
    case "status":
      return marked(
        groups(
          event.databases.flatMap(({ migrations, ...database }) =>
            rowsOf(migrations, (it) => ({ ...database, migrations: it })),
          ),
          budget,
        ).map((databases) => ({
          ...event,
          databases: merged(databases, (a, b) => ({
            ...a,
            migrations: [...a.migrations, ...b.migrations],
          })),
        })),
      );
    case "history":
      return marked(groups(event.runs, budget).map((runs) => ({ ...event, runs })));
  }
}

/** Puts parts together again: give it each event in order, it answers those that are whole by then (none or one). */
export function joinListEvents<Other extends { readonly type: string }>(): (
  event: RunEvent | Other,
) => (RunEvent | Other)[] {
  let begun: ListEvent | undefined;
  return (event) => {
    // What comes in between, such as a heartbeat, passes.
    if (!isList(event)) return [event];
    const joined = begun === undefined ? event : joinedWith(begun, event);
    begun = joined.more ? joined : undefined;
    return joined.more ? [] : [joined];
  };
}

function joinedWith(begun: ListEvent, next: ListEvent): ListEvent {
  if (begun.type === "plan" && next.type === "plan")
    return {
      ...next,
      databases: merged([...begun.databases, ...next.databases], (a, b) => ({
        ...a,
        items: [...a.items, ...b.items],
      })),
    };
  if (begun.type === "status" && next.type === "status")
    return {
      ...next,
      databases: merged([...begun.databases, ...next.databases], (a, b) => ({
        ...a,
        migrations: [...a.migrations, ...b.migrations],
      })),
    };
  if (begun.type === "history" && next.type === "history")
    return { ...next, runs: [...begun.runs, ...next.runs] };
  return next;
}

function isList(event: { readonly type: string }): event is ListEvent {
  return event.type === "plan" || event.type === "status" || event.type === "history";
}

/** One entry for each row, or one without rows: an empty database is part of the answer as well. */
function rowsOf<Row, Entry>(rows: readonly Row[], entry: (rows: Row[]) => Entry): Entry[] {
  return rows.length === 0 ? [entry([])] : rows.map((row) => entry([row]));
}

function groups<T>(entries: readonly T[], bytes: number): T[][] {
  const result: T[][] = [[]];
  let size = 0;
  for (const entry of entries) {
    const length = Buffer.byteLength(JSON.stringify(entry)) + 1;
    if (size > 0 && size + length > bytes) {
      result.push([]);
      size = 0;
    }
    result.at(-1)?.push(entry);
    size += length;
  }
  return result;
}

function merged<T extends { readonly database: string }>(
  entries: readonly T[],
  join: (a: T, b: T) => T,
): T[] {
  const result: T[] = [];
  for (const entry of entries) {
    const last = result.at(-1);
    if (last?.database === entry.database) result[result.length - 1] = join(last, entry);
    else result.push(entry);
  }
  return result;
}

function marked<T extends ListEvent>(parts: readonly T[]): T[] {
  return parts.map((part, index) => (index < parts.length - 1 ? { ...part, more: true } : part));
}
