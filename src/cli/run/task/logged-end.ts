import type { ClosingEvent, RunEvent } from "../../../protocol/events.ts";
import { Failure } from "../../../protocol/failure.ts";
import type { Task, TaskRunner } from "../../connection/task-runner.ts";
import type { CliContext } from "../../context.ts";
import type { RunPart } from "../follow-run.ts";

/** What a task's log has of the end of its run. */
export interface LoggedEnd {
  /** What belongs to the end and is not in the ledger. */
  readonly before: readonly RunEvent[];
  readonly closing: ClosingEvent | undefined;
}

/** The log driver delivers the last lines when the container has exited. */
const attempts = 4;
const pauseMs = 1000;

/** Events that the ledger does not have. */
const onlyLogged: ReadonlySet<string> = new Set(["migration.failed", "metadata.reloaded"]);

/** Reads the end of a run in the task's log. Empty if the log cannot be read, or does not have the end yet. */
export async function loggedEnd({
  tasks,
  task,
  part: { signal },
  sleep,
}: {
  readonly tasks: TaskRunner;
  readonly task: Task;
  readonly part: RunPart;
  readonly sleep: CliContext["sleep"];
}): Promise<LoggedEnd> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (attempt > 1) await sleep(pauseMs, signal);
    try {
      const events = await tasks.events(task, signal);
      const closing = events.find(isEnd);
      if (closing) return { before: events.filter(({ type }) => onlyLogged.has(type)), closing };
    } catch (thrown) {
      if (!(thrown instanceof Failure) || signal.aborted) throw thrown;
      if (thrown.kind === "access") break;
    }
  }
  return { before: [], closing: undefined };
}

function isEnd(event: RunEvent): event is ClosingEvent {
  return event.type === "run.finished" || event.type === "run.failed";
}
