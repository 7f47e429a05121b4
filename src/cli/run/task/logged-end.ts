import {
  endsInvocation,
  isClosing,
  type ClosingEvent,
  type EventOf,
  type RunEvent,
} from "../../../protocol/events.ts";
import { Failure } from "../../../protocol/failure.ts";
import { migrationLabel } from "../../../protocol/migration.ts";
import type { Task, TaskRunner } from "../../connection/task-runner.ts";
import type { CliContext } from "../../context.ts";
import type { RunPart } from "../follow-run.ts";

/** What a task's log has of the end of its run. */
export interface LoggedEnd {
  /** Events that are not in the ledger, in order. */
  readonly before: readonly RunEvent[];
  /** Absent where the run was paused. */
  readonly closing: ClosingEvent | undefined;
}

/** The log driver delivers the last lines when the container has exited. */
const attempts = 4;
const pauseMs = 1000;

/** Events that the ledger does not have. */
const onlyLogged: ReadonlySet<string> = new Set([
  "log",
  "migration.failed",
  "metadata.applied",
  "metadata.reloaded",
]);

/**
 * Reads the end of a run in the task's log. Undefined if the log cannot be read, or does not have the end yet. `reported`: events
 * already shown to the user, which the task logs again.
 */
export async function loggedEnd({
  tasks,
  task,
  part: { signal },
  reported,
  sleep,
}: {
  readonly tasks: TaskRunner;
  readonly task: Task;
  readonly part: RunPart;
  readonly reported: readonly RunEvent[];
  readonly sleep: CliContext["sleep"];
}): Promise<LoggedEnd | undefined> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (attempt > 1) await sleep(pauseMs, signal);
    try {
      const events = await tasks.events(task, signal);
      if (events.some(endsInvocation))
        return { before: notReported(events, reported), closing: events.find(isClosing) };
    } catch (thrown) {
      if (!(thrown instanceof Failure) || signal.aborted) throw thrown;
      if (thrown.kind === "access") break;
    }
  }
  return undefined;
}

function notReported(events: readonly RunEvent[], reported: readonly RunEvent[]): RunEvent[] {
  const messages = new Set(reported.map(messageOf));
  return events
    .flatMap((event) => (event.type === "migration.applied" ? noticesOf(event) : [event]))
    .filter(
      (event) =>
        onlyLogged.has(event.type) && (event.type !== "log" || !messages.has(event.message)),
    );
}

/** The ledger shows that it was applied, but not the remarks about how. */
function noticesOf({
  database,
  version,
  name,
  notices = [],
}: EventOf<"migration.applied">): EventOf<"log">[] {
  return notices.map((notice) => ({
    ...{ type: "log", level: "info", code: "migration-notice" },
    message: `${database} ${migrationLabel({ version, name }, " ")} notice: ${notice}`,
  }));
}

function messageOf(event: RunEvent): string | undefined {
  return event.type === "log" ? event.message : undefined;
}
