import type { EventOf, RunEvent } from "./events.ts";
import type { DatabasePlan, DatabaseSeeds } from "./plan-items.ts";
import { joinRows, splitRows } from "./split-rows.ts";

type ListEvent =
  | EventOf<"plan">
  | EventOf<"seed.plan">
  | EventOf<"status">
  | EventOf<"history">
  | EventOf<"rows">
  | EventOf<"metadata.diff">
  | EventOf<"metadata.status">
  | EventOf<"metadata.document">;

/**
 * Splits a list that is too long for one event into several, each at most about `bytes` long and all but the last marked
 * `more`. Other events are returned unchanged. A single row above the limit becomes a part of its own and stays too long.
 */
export function splitListEvent(event: RunEvent, bytes: number): RunEvent[] {
  if (!isList(event)) return [event];
  const budget = bytes - 1024; // leaves room for the event around its rows
  switch (event.type) {
    case "plan":
      return marked(
        groups(
          event.databases.flatMap(({ items, files, ...database }) => [
            ...chunksOf(files ?? []).map((chunk) => ({ ...database, items: [], files: chunk })),
            ...rowsOf(items, (rows) => ({ ...database, items: rows })),
          ]),
          budget,
        ).map((databases) => ({
          ...event,
          databases: adjacent<DatabasePlan>(databases).map(joinedPlans),
        })),
      );
    case "seed.plan":
      return marked(
        groups(
          event.databases.flatMap(({ items, ...database }) =>
            rowsOf(items, (rows) => ({ ...database, items: rows })),
          ),
          budget,
        ).map((databases) => ({ ...event, databases: adjacent(databases).map(joinedSeeds) })),
      );
    case "status":
      return marked(
        groups(
          event.databases.flatMap(({ migrations, ...database }) =>
            rowsOf(migrations, (rows) => ({ ...database, migrations: rows })),
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
    case "metadata.diff":
      return marked(splitDiff(event, budget));
    case "metadata.status":
      return marked(
        groups(event.inconsistent, budget).map((inconsistent) => ({ ...event, inconsistent })),
      );
    case "metadata.document":
      return marked(textChunks(event.data, budget).map((data) => ({ ...event, data })));
    case "rows":
      return marked(splitRows(event, budget));
  }
}

/** Joins the parts again: pass each event in order; it returns the events that are complete by then (none or one). */
export function joinListEvents<Other extends { readonly type: string }>(): (
  event: RunEvent | Other,
) => (RunEvent | Other)[] {
  let parts: ListEvent[] = [];
  return (event) => {
    // Events between two parts, such as a heartbeat, pass through.
    if (!isList(event)) return [event];
    // The beginning of another list replaces one that was never finished.
    if (parts[0]?.type !== event.type) parts = [];
    parts.push(event);
    if (event.more) return [];
    const joined = parts.length === 1 ? event : joinParts(parts, event);
    parts = [];
    return [joined];
  };
}

/** All parts as one event with the fields of the last one. */
function joinParts(parts: readonly ListEvent[], last: ListEvent): ListEvent {
  switch (last.type) {
    case "plan":
      return {
        ...last,
        databases: adjacent(
          parts.flatMap((part) => (part.type === "plan" ? part.databases : [])),
        ).map(joinedPlans),
      };
    case "seed.plan":
      return {
        ...last,
        databases: adjacent(
          parts.flatMap((part) => (part.type === "seed.plan" ? part.databases : [])),
        ).map(joinedSeeds),
      };
    case "status":
      return {
        ...last,
        databases: adjacent(
          parts.flatMap((part) => (part.type === "status" ? part.databases : [])),
        ).map(([first, ...more]) => ({
          ...first,
          migrations: [first, ...more].flatMap(({ migrations }) => migrations),
        })),
      };
    case "history":
      return {
        ...last,
        runs: parts.flatMap((part) => (part.type === "history" ? part.runs : [])),
      };
    case "metadata.diff": {
      const diffs = parts.flatMap((part) => (part.type === "metadata.diff" ? [part] : []));
      return {
        ...last,
        changes: diffs.flatMap(({ changes }) => changes),
        inconsistent: diffs.flatMap(({ inconsistent }) => inconsistent),
      };
    }
    case "metadata.status":
      return {
        ...last,
        inconsistent: parts.flatMap((part) =>
          part.type === "metadata.status" ? part.inconsistent : [],
        ),
      };
    case "metadata.document":
      return {
        ...last,
        data: parts.map((part) => (part.type === "metadata.document" ? part.data : "")).join(""),
      };
    case "rows":
      return joinRows(
        parts.flatMap((part) => (part.type === "rows" ? [part] : [])),
        last,
      );
  }
}

function joinedPlans(parts: readonly [DatabasePlan, ...DatabasePlan[]]): DatabasePlan {
  const files = parts.flatMap((part) => part.files ?? []);
  return {
    ...parts[0],
    items: parts.flatMap(({ items }) => items),
    ...(files.length > 0 && { files }),
  };
}

function joinedSeeds([first, ...more]: readonly [
  DatabaseSeeds,
  ...DatabaseSeeds[],
]): DatabaseSeeds {
  return { ...first, items: [first, ...more].flatMap(({ items }) => items) };
}

/** The changes, then the inconsistent objects. */
function splitDiff(event: EventOf<"metadata.diff">, bytes: number): EventOf<"metadata.diff">[] {
  const { changes, inconsistent } = event;
  return [
    ...groups(changes, bytes).map((part) => ({ ...event, changes: part, inconsistent: [] })),
    ...groups(inconsistent, bytes).map((part) => ({ ...event, changes: [], inconsistent: part })),
  ].filter((part, i) => i === 0 || part.changes.length > 0 || part.inconsistent.length > 0);
}

/** Entries of the same database that follow each other, as groups. */
function adjacent<T extends { readonly database: string }>(entries: readonly T[]): [T, ...T[]][] {
  const grouped: [T, ...T[]][] = [];
  for (const entry of entries) {
    const last = grouped.at(-1);
    if (last?.[0].database === entry.database) last.push(entry);
    else grouped.push([entry]);
  }
  return grouped;
}

/** Versions are short: this many fit into one event. */
const versionsPerChunk = 1000;

function chunksOf(versions: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(versions.length / versionsPerChunk) }, (_, i) =>
    versions.slice(i * versionsPerChunk, (i + 1) * versionsPerChunk),
  );
}

const listTypes: ReadonlySet<string> = new Set<ListEvent["type"]>([
  ...(["plan", "seed.plan", "status", "history", "rows"] as const),
  ...(["metadata.diff", "metadata.status", "metadata.document"] as const),
]);

/** True for an event that lists what may not fit into one line. */
export function isList(event: { readonly type: string }): event is ListEvent {
  return listTypes.has(event.type);
}

/** A text of ASCII characters in pieces of at most this length; one empty piece for an empty text. */
function textChunks(text: string, length: number): string[] {
  return Array.from({ length: Math.max(1, Math.ceil(text.length / length)) }, (_, i) =>
    text.slice(i * length, (i + 1) * length),
  );
}

/** One entry for each row, or one without rows, because an empty database belongs to the list too. */
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
