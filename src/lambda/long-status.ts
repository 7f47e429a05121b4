import type { EventOf } from "../protocol/events.ts";
import type { MigrationState } from "../protocol/migration.ts";
import { largestEventBytes } from "../protocol/ndjson.ts";
import { columnLines } from "../protocol/status-columns.ts";
import { LastResults } from "../remember-last.ts";
import type { Redactor } from "./secrets/redact.ts";

type Status = EventOf<"status">;
type Rows = Status["databases"][number]["migrations"];

/** A long status as it is sent. */
export interface WrittenStatus {
  readonly event: Status;
  /** In columns; undefined if a row is too long for a line. */
  readonly columns: readonly string[] | undefined;
}

const written = new LastResults<Rows, WrittenStatus>();

/** Redacts and writes a long status: once in a warm process for the same rows and secrets. */
export function writeStatus(event: Status, redact: Redactor): WrittenStatus {
  const write = (): WrittenStatus => {
    const redacted = redact.value(event);
    return { event: redacted, columns: columnLines(redacted, largestEventBytes) };
  };
  const { databases, ...about } = event;
  const [first, ...others] = databases.map(({ migrations }) => migrations);
  if (first === undefined) return write();
  const frame = JSON.stringify([about, databases.map((each) => ({ ...each, migrations: [] }))]);
  return written.of(first, [redact, redact.state(), frame, ...others], write);
}

/** A long status for the log: how many rows of each state there are, and those that are not simply applied. */
export function statusForLog(event: Status): object {
  const databases = event.databases.map(({ migrations, ...database }) => {
    const states: Partial<Record<MigrationState, number>> = {};
    for (const { state } of migrations) states[state] = (states[state] ?? 0) + 1;
    return {
      ...database,
      states,
      migrations: migrations.filter(({ state }) => state !== "applied"),
    };
  });
  return { ...event, databases };
}
