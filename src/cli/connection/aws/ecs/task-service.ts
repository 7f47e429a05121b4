import * as z from "zod";
import type { RunEvent } from "../../../../protocol/events.ts";
import { Failure } from "../../../../protocol/failure.ts";
import { parseJson } from "../../../../protocol/json.ts";
import { decodeLine } from "../../../../protocol/ndjson.ts";
import { exponentialBackoff, retry } from "../../../../retry.ts";
import type { CliContext } from "../../../context.ts";
import type {
  Task,
  TaskFacts,
  TaskNetwork,
  TaskRunner,
  TaskSettings,
  TaskState,
  TaskStop,
} from "../../task-runner.ts";
import { Delivery } from "../delivery.ts";
import { readLogHint } from "../function-errors.ts";
import { signedCall, type CalledService } from "../signed-call.ts";
import {
  clusterNotFound,
  explainTaskCall,
  isTransient,
  notPlaced,
  taskDefinitionNotFound,
  tooLarge,
  type EcsService,
  type TaskTarget,
} from "./task-errors.ts";

/** What the calls of ECS and CloudWatch Logs need. */
export interface TaskServiceOptions {
  readonly settings: TaskSettings;
  /** The function's network, where it is not configured. */
  readonly network: (signal: AbortSignal) => Promise<TaskNetwork>;
  readonly service: (name: EcsService) => CalledService;
  readonly target: TaskTarget;
  readonly context: Pick<CliContext, "env" | "random" | "sleep">;
}

/** What the overrides of a task may have together, in characters. */
const overridesLimit = 8192;
const startAttempts = 6;
/** More than a run of ordinary length writes; the end is what counts. */
const loggedEvents = 1000;

const RunTaskAnswer = z.object({
  tasks: z.array(z.object({ taskArn: z.string() })).default([]),
  failures: z
    .array(z.object({ reason: z.string().optional(), detail: z.string().optional() }))
    .default([]),
});

const Container = z.object({
  name: z.string().optional(),
  lastStatus: z.string().optional(),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
});
const DescribeTasksAnswer = z.object({
  tasks: z
    .array(
      z.object({
        lastStatus: z.string(),
        stopCode: z.string().optional(),
        stoppedReason: z.string().optional(),
        containers: z.array(Container).default([]),
      }),
    )
    .default([]),
});
type DescribedTask = z.infer<typeof DescribeTasksAnswer>["tasks"][number];

const TaskDefinition = z.object({
  family: z.string(),
  revision: z.int(),
  status: z.string(),
  cpu: z.string().optional(),
  memory: z.string().optional(),
  compatibilities: z.array(z.string()).default([]),
  containerDefinitions: z
    .array(
      z.object({
        name: z.string(),
        logConfiguration: z
          .object({ options: z.record(z.string(), z.string()).default({}) })
          .optional(),
      }),
    )
    .default([]),
});
const DescribeTaskDefinitionAnswer = z.object({ taskDefinition: TaskDefinition });
const DescribeClustersAnswer = z.object({
  clusters: z.array(z.object({ status: z.string() })).default([]),
});

const LogAnswer = z.object({ events: z.array(z.object({ message: z.string() })).default([]) });
/** The log has the place of an error without the text of the file. */
const LoggedPlace = z.looseObject({}).transform((place) => ({ text: "", ...place }));
const LoggedFailure = z.looseObject({
  sql: z
    .looseObject({ place: LoggedPlace.optional(), places: z.array(LoggedPlace).optional() })
    .optional(),
});
const LoggedEvent = z.object({
  event: z.looseObject({ type: z.string(), failure: LoggedFailure.optional() }),
});

/** The tasks of one environment over the API of ECS. */
export function taskService(options: TaskServiceOptions): TaskRunner {
  const { settings } = options;
  return {
    start: (request, token, signal) => startTask(options, { request, token }, signal),
    async state({ arn }, signal) {
      const body = { cluster: settings.cluster, tasks: [arn] };
      const answer = await call(options, "ecs", "DescribeTasks", body, signal);
      return stateOf(DescribeTasksAnswer.parse(answer).tasks[0], settings.container);
    },
    describe: (signal) => describe(options, signal),
    logHint: (task) =>
      readLogHint(settings.logGroup, options.target, [
        "--log-stream-names",
        streamOf(task, settings),
      ]),
    async events(task, signal) {
      const answer = await call(
        options,
        "logs",
        "GetLogEvents",
        {
          logGroupName: settings.logGroup,
          logStreamName: streamOf(task, settings),
          startFromHead: false,
          limit: loggedEvents,
        },
        signal,
      );
      return LogAnswer.parse(answer).events.flatMap(({ message }) => eventIn(message));
    },
  };
}

function streamOf({ id }: Task, { container }: TaskSettings): string {
  return `task/${container}/${id}`;
}

const apis = { ecs: "AmazonEC2ContainerServiceV20141113", logs: "Logs_20140328" } as const;

/** One call, its errors explained. */
async function call(
  { service, target, context }: TaskServiceOptions,
  name: EcsService,
  operation: string,
  body: object,
  signal: AbortSignal,
): Promise<unknown> {
  const delivery = new Delivery();
  const called = service(name);
  try {
    return await delivery.observe(() =>
      signedCall(called, `${apis[name]}.${operation}`, body, signal),
    );
  } catch (thrown) {
    throw await explainTaskCall(thrown, {
      ...{ target, delivery, operation, service: name, url: called.url, env: context.env },
    });
  }
}

async function startTask(
  options: TaskServiceOptions,
  { request, token }: { readonly request: string; readonly token: string },
  signal: AbortSignal,
): Promise<Task> {
  const { settings, target, context } = options;
  const { cluster, taskDefinition, container } = settings;
  const overrides = { containerOverrides: [{ name: container, command: ["run-task", request] }] };
  if (JSON.stringify(overrides).length > overridesLimit) throw tooLarge();
  const network = await networkOf(options, signal);
  const body = {
    ...{ cluster, taskDefinition, overrides, clientToken: token, startedBy: token.slice(0, 36) },
    ...{ launchType: "FARGATE", count: 1, propagateTags: "TASK_DEFINITION" },
    networkConfiguration: { awsvpcConfiguration: { ...network, assignPublicIp: "DISABLED" } },
  };
  const answer = await retry(() => call(options, "ecs", "RunTask", body, signal), {
    backoff: exponentialBackoff({ firstMs: 500, longestMs: 8000, random: context.random }),
    shouldRetry: (thrown, attempt) => isTransient(thrown) && attempt < startAttempts,
    sleep: context.sleep,
    signal,
  });
  const { tasks, failures } = RunTaskAnswer.parse(answer);
  const arn = tasks[0]?.taskArn;
  if (arn === undefined) throw notPlaced(target, failures[0]);
  return { arn, id: arn.split("/").at(-1) ?? arn };
}

async function describe(options: TaskServiceOptions, signal: AbortSignal): Promise<TaskFacts> {
  const { settings, target } = options;
  const { taskDefinition: name, cluster } = settings;
  const [defined, clustered] = await Promise.all([
    call(options, "ecs", "DescribeTaskDefinition", { taskDefinition: name }, signal),
    call(options, "ecs", "DescribeClusters", { clusters: [cluster] }, signal),
  ]);
  const { taskDefinition } = DescribeTaskDefinitionAnswer.parse(defined);
  if (taskDefinition.status !== "ACTIVE") throw taskDefinitionNotFound(target);
  const { clusters } = DescribeClustersAnswer.parse(clustered);
  if (clusters[0]?.status !== "ACTIVE") throw clusterNotFound(target);
  return factsOf(taskDefinition, settings.container);
}

function factsOf(definition: z.infer<typeof TaskDefinition>, name: string): TaskFacts {
  const { family, revision, compatibilities, containerDefinitions, cpu, memory } = definition;
  const container = containerDefinitions.find((each) => each.name === name);
  return {
    taskDefinition: `${family}:${String(revision)}`,
    container: container && { logGroup: container.logConfiguration?.options["awslogs-group"] },
    containers: containerDefinitions.map((each) => each.name),
    isForFargate: compatibilities.includes("FARGATE"),
    ...{ cpu, memory },
  };
}

async function networkOf(
  { settings, network }: TaskServiceOptions,
  signal: AbortSignal,
): Promise<TaskNetwork> {
  const { subnets, securityGroups } = settings;
  if (subnets && securityGroups) return { subnets, securityGroups };
  const own = await network(signal);
  return {
    subnets: subnets ?? own.subnets,
    securityGroups: securityGroups ?? own.securityGroups,
  };
}

const startingStates = new Set(["PROVISIONING", "PENDING", "ACTIVATING"]);
const endedStates = new Set(["STOPPED", "DELETED"]);

/** A container that has exited counts as the end: ECS takes half a minute more to remove its network interface. */
function stateOf(task: DescribedTask | undefined, name: string): TaskState {
  if (task === undefined) return { kind: "missing" };
  const { lastStatus, containers } = task;
  const container = containers.find((each) => each.name === name) ?? containers[0];
  if (endedStates.has(lastStatus) || container?.lastStatus === "STOPPED")
    return { kind: "stopped", stop: stopOf(task, container) };
  return startingStates.has(lastStatus)
    ? { kind: "starting", status: lastStatus }
    : { kind: "running" };
}

function stopOf(
  { stopCode, stoppedReason }: DescribedTask,
  container: z.infer<typeof Container> | undefined,
): TaskStop {
  return {
    code: stopCode,
    reason: container?.reason ?? stoppedReason,
    exitCode: container?.exitCode,
  };
}

/** The event in a line of the function's log, if it holds one. */
function eventIn(message: string): RunEvent[] {
  const line = LoggedEvent.safeParse(parseJson(message));
  if (!line.success) return [];
  try {
    const event = decodeLine(JSON.stringify(line.data.event));
    return event.type === "unknown" ? [] : [event];
  } catch (thrown) {
    if (thrown instanceof Failure) return [];
    throw thrown;
  }
}
