import { Writable } from "node:stream";
import { exitCode } from "../protocol/exit-code.ts";
import { parseJson } from "../protocol/json.ts";
import { handle, type HandlerContext } from "./handler.ts";
import type { LambdaContext } from "./lambda-context.ts";
import type { TaskLog } from "./task-log.ts";

/** What a task takes from its process. */
export interface TaskProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined where it is not known. */
  readonly log?: TaskLog | undefined;
  /** Aborted by SIGTERM. */
  readonly ending: AbortSignal;
  readonly newId: () => string;
}

/** Of ECS, when its task definition does not set `stopTimeout`. */
const defaultStopTimeoutMs = 30_000;
/** For the process to end, and for its log to be read. */
const exitMs = 2000;

/**
 * Runs one request, as JSON, through the function's handler, and resolves to the exit code of how it ended. What happens is in
 * the log and in the ledger, where the client follows it; nobody reads the events.
 */
export async function runTask(
  request: string,
  task: TaskProcess,
  handlerContext: HandlerContext,
): Promise<number> {
  const out = new Writable({ write: (_lines, _encoding, done) => done() });
  const context = taskContext(task, handlerContext);
  const { end } = await handle({ event: parseJson(request), out, context }, handlerContext);
  return end?.type === "run.failed" ? exitCode[end.failure.kind] : 0;
}

/** Without a deadline, until SIGTERM sets one. */
function taskContext(
  { env, log, ending, newId }: TaskProcess,
  { settings, now }: HandlerContext,
): LambdaContext {
  const stopTimeoutMs = "stopTimeoutMs" in settings ? settings.stopTimeoutMs : defaultStopTimeoutMs;
  let endsAt: number | undefined;
  ending.addEventListener("abort", () => {
    endsAt = now() + stopTimeoutMs - exitMs;
  });
  return {
    awsRequestId: taskIdIn(env) ?? newId(),
    invokedFunctionArn: "",
    functionName: "ecs-task",
    functionVersion: "$LATEST",
    ...log,
    getRemainingTimeInMillis: () => (endsAt === undefined ? Infinity : endsAt - now()),
    ending,
  };
}

/** The task's id in `http://169.254.170.2/v4/TASK-CONTAINER`, the address of its metadata. */
function taskIdIn(env: TaskProcess["env"]): string | undefined {
  return /\/v4\/([0-9a-f]+)-/.exec(env["ECS_CONTAINER_METADATA_URI_V4"] ?? "")?.[1];
}
