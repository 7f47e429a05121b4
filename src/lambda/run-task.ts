import { randomUUID } from "node:crypto";
import { processContext, processGuard } from "./process-context.ts";
import { taskLog } from "./task-log.ts";
import { runTask } from "./task.ts";

/*
 * `node run-task.mjs REQUEST`: what an ECS task runs instead of the runtime interface client (docs/internals/ecs-tasks.md,
 * "The task's process"). It serves one request of src/protocol/request.ts and exits with the exit code of how the run ended.
 */

/** The endpoint is on the same host. */
const metadataMs = 1000;
const [request = ""] = process.argv.slice(2);
const ending = new AbortController();
// As the first process of a container, this one would ignore the signal without a listener.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ending.abort());
const guard = processGuard();
const context = processContext(guard);
const { env } = process;
const log = await taskLog(
  env["ECS_CONTAINER_METADATA_URI_V4"],
  AbortSignal.any([ending.signal, AbortSignal.timeout(metadataMs)]),
);
process.exitCode = await guard.respond(() =>
  runTask(request, { env, log, ending: ending.signal, newId: randomUUID }, context),
);
