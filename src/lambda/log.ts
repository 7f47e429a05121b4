import type { EventOf, RunEvent } from "../protocol/events.ts";
import type { FailureCode } from "../protocol/failure-codes/index.ts";
import { isLongStatus } from "../protocol/status-columns.ts";
import type { FailureData, Place } from "../protocol/failure.ts";
import { statusForLog } from "./long-status.ts";
import type { Redactor } from "./secrets/redact.ts";
import type { LogLevel } from "./settings.ts";

const rank = { debug: 0, info: 1, warning: 2 } as const satisfies Record<LogLevel, number>;

/** The function's log in CloudWatch: one JSON object per line, without secrets. */
export interface Log {
  info(message: string, fields: object): void;
  warning(message: string, fields: object): void;
  /** In full, even if it was truncated for the caller, but without SQL and, for a long status, without the rows that are simply applied. */
  event(event: RunEvent): void;
}

export interface LogOptions {
  readonly write: (line: string) => void;
  readonly now: () => number;
  readonly level: LogLevel;
  readonly redact: Redactor;
  /** In every line: the run and the invocation it belongs to. */
  readonly about: { readonly requestId: string; readonly runId?: string };
}

export function jsonLog({ write, now, level, redact, about }: LogOptions): Log {
  const line = (of: LogLevel, fields: object): void => {
    if (rank[of] >= rank[level])
      write(
        `${JSON.stringify(redact.value({ at: new Date(now()).toISOString(), level: of, ...about, ...fields }))}\n`,
      );
  };
  return {
    info: (message, fields) => line("info", { message, ...fields }),
    warning: (message, fields) => line("warning", { message, ...fields }),
    event: (event) => line(levelOf(event), { event: withoutSql(event) }),
  };
}

/** An inventory is long, and contains nothing that is not in the image or the database. */
function withoutDigests(event: EventOf<"inventory">): object {
  const databases = event.databases.map(({ database, versions, applied }) => ({
    ...{ database, versions: versions.length, applied: applied.length },
  }));
  return { ...event, databases };
}

/** The log is kept for a long time and read by people who may not see the contents of migrations and tables, so it contains only files and lines. */
function withoutSql(event: RunEvent): object {
  if (event.type === "inventory") return withoutDigests(event);
  if (isLongStatus(event)) return statusForLog(event);
  if (event.type === "plan") {
    const databases = event.databases.map((database) => ({
      ...database,
      items: database.items.map((item) => ({ ...item, sql: undefined })),
    }));
    return { ...event, databases };
  }
  if (isContent(event)) return withoutContent(event);
  const failure = "failure" in event ? event.failure : undefined;
  if (failure === undefined) return event;
  if (ofQueries.has(failure.code)) return { ...event, failure: withoutWords(failure) };
  if (failure.sql === undefined) return event;
  const { place, places, ...sql } = failure.sql;
  const shown = {
    ...sql,
    ...(place && { place: positionOf(place) }),
    ...(places && { places: places.map(positionOf) }),
  };
  return { ...event, failure: { ...failure, sql: shown } };
}

type Content = EventOf<"rows"> | EventOf<"metadata.document"> | EventOf<"locks">;

function isContent(event: RunEvent): event is Content {
  return ["rows", "metadata.document", "locks"].includes(event.type);
}

/** What was read from an environment is logged only with its size. */
function withoutContent(event: Content): object {
  switch (event.type) {
    case "rows":
      return { ...event, columns: undefined, rows: event.rows.length };
    case "metadata.document":
      return { ...event, data: undefined };
    case "locks":
      return { ...event, sessions: event.sessions.length };
  }
}

/** Failures whose texts can quote a query, or the values that it read: invalid input syntax for type integer: "ada@example.com". */
const ofQueries: ReadonlySet<string> = new Set([
  "sql-error",
  "sql-refused",
  "sql-syntax",
] satisfies FailureCode[]);

/** The code and position of a query's failure. Readers of the log may not be allowed to read data. */
function withoutWords({ kind, code, sql }: FailureData): object {
  const { sqlstate, place } = sql ?? {};
  return {
    ...{ kind, code, message: "The query failed; the database's message is not logged." },
    sql: {
      ...(sqlstate !== undefined && { sqlstate }),
      ...(place && { place: positionOf(place) }),
    },
  };
}

function positionOf({ line, column }: Place): Omit<Place, "text"> {
  return { line, column };
}

function levelOf(event: RunEvent): LogLevel {
  switch (event.type) {
    case "log":
      return event.level;
    case "migration.failed":
    case "migration.unknown":
    case "seed.failed":
    case "seed.unknown":
    case "run.failed":
      return "warning";
    default:
      return "info";
  }
}
