import type { EventOf, RunEvent } from "../../../protocol/events.ts";
import { Failure } from "../../../protocol/failure.ts";
import { retryHint, textHint } from "../../../protocol/hint.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { Request } from "../../../protocol/request.ts";
import type { TaskSettings } from "../../connection/task-runner.ts";
import { invokedRun, type StartRun, type RunPart } from "../follow-run.ts";
import { queryFunction } from "../query.ts";
import { followTask, type TaskRunContext } from "./follow-task.ts";

/**
 * Runs migrations in an ECS task (docs/internals/ecs-tasks.md, "Starting a task"): the function makes the plan, the task runs it, and the ledger, which
 * the function reads, shows what happens.
 */
export function runInTask(settings: TaskSettings, context: TaskRunContext): StartRun {
  return async function* (part): AsyncGenerator<RunEvent | UnknownEvent> {
    const { connection, waiting } = context;
    const preview = await previewOf(part, context);
    const { started, plan } = preview;
    if (plan.databases.every(({ items }) => items.length === 0)) {
      yield* invokedRun(connection, part.request, part.signal);
      return;
    }
    checkLedger(started);
    const { runId, operation, environment } = part.request;
    yield { ...started, runId, operation, environment };
    yield* preview.reported;
    yield { ...plan, dryRun: false };
    waiting("starting an ECS task …");
    const tasks = await connection.tasks(settings);
    const task = await tasks.start(JSON.stringify(part.request), tokenOf(part), part.signal);
    const { reported } = preview;
    yield* followTask({ ...context, part, tasks, task, started, reported, plan });
  };
}

/** One for each part of a run: the same part never starts a second task. */
function tokenOf({ request: { runId }, sent: { times } }: RunPart): string {
  return times === 1 ? runId : `${runId}.${String(times)}`;
}

interface Preview {
  readonly started: EventOf<"run.started">;
  /** What the run reports before its plan. */
  readonly reported: readonly RunEvent[];
  readonly plan: EventOf<"plan">;
}

/** What the function says it would do. Throws what it refuses; then nothing was started. */
async function previewOf(
  { request, signal }: RunPart,
  { connection, now, every }: TaskRunContext,
): Promise<Preview> {
  try {
    const events = await queryFunction(connection, dryRunOf(request), { signal, now, every });
    const started = events.find((event) => event.type === "run.started");
    const plan = events.find((event) => event.type === "plan");
    if (started && plan) return { started, plan, reported: events.flatMap(reportedOf) };
    throw new Failure("unreachable", "no-answer", "The function returned no plan.");
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== "outcome-unknown") throw thrown;
    throw new Failure(
      "unreachable",
      "no-answer",
      "The function did not return the plan; no task was started.",
      { hints: [...thrown.hints, retryHint()], cause: thrown },
    );
  }
}

function reportedOf(event: RunEvent): RunEvent[] {
  if (event.type === "metadata.diff") return [{ ...event, dryRun: undefined }];
  return event.type === "log" ? [event] : [];
}

function dryRunOf(request: Request): Request {
  switch (request.operation) {
    case "apply":
      return { ...request, options: { ...request.options, dryRun: true } };
    case "down":
      return { ...request, options: { ...request.options, dryRun: true } };
    case "redo":
      return { ...request, options: { ...request.options, dryRun: true } };
    case "reset-to":
      return { ...request, options: { ...request.options, dryRun: true } };
    default:
      return request;
  }
}

/** Only a ledger shows how a task ended. */
function checkLedger({ store, environment }: EventOf<"run.started">): void {
  if (store === "ledger") return;
  throw new Failure(
    "usage",
    "needs-ledger",
    `Running migrations in an ECS task requires a ledger, which shows how they ended; ${environment} has none. Nothing has run.`,
    {
      hints: [
        retryHint({ with: ["--runner", "lambda"], reason: "to run them in the function" }),
        textHint(
          "Set HASURA_MIGRATE_LEDGER=on, and HASURA_MIGRATE_ENGINE=native, in the function.",
        ),
      ],
    },
  );
}
