import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { containerName, isContainer, LocalTask } from "./local-task.ts";
import { TaskServiceError } from "./task-error.ts";

export { TaskServiceError } from "./task-error.ts";

export interface TaskServiceOptions {
  readonly node: string;
  /** The function's files, of which `run-task.mjs` is started. */
  readonly functionDirectory: string;
  readonly memoryMb: number;
  readonly env: (taskId: string) => Readonly<Record<string, string>>;
  readonly log: (text: string) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const RunTask = z.object({
  cluster: z.string(),
  taskDefinition: z.string(),
  clientToken: z.string().max(64),
  launchType: z.literal("FARGATE"),
  networkConfiguration: z.object({
    awsvpcConfiguration: z.object({
      subnets: z.array(z.string()).min(1),
      securityGroups: z.array(z.string()),
    }),
  }),
  overrides: z.object({
    containerOverrides: z.array(
      z.object({ name: z.string(), command: z.tuple([z.literal("run-task"), z.string()]) }),
    ),
  }),
});
const DescribeTaskDefinition = z.object({ taskDefinition: z.string() });
const DescribeClusters = z.object({ clusters: z.array(z.string()) });
const DescribeTasks = z.object({ tasks: z.array(z.string()) });
const StopTask = z.object({ task: z.string(), reason: z.string().default("") });
const GetLogEvents = z.object({ logStreamName: z.string() });

const overridesLimit = 8192;

/**
 * The part of the APIs of ECS and CloudWatch Logs that a client needs for the tasks of one environment. Each task is a real process
 * of the built function. Clusters and task definitions of any name exist.
 */
export class TaskService {
  readonly #options: TaskServiceOptions;
  readonly #tasks = new Map<string, LocalTask>();
  /** Requests by the client token that they were sent with. */
  readonly #tokens = new Map<string, { readonly body: string; readonly arn: string }>();

  constructor(options: TaskServiceOptions) {
    this.#options = options;
  }

  /** Answers one call; `target` is the header X-Amz-Target. Throws `TaskServiceError`. */
  call(target: string, body: unknown): object {
    switch (target.split(".").at(-1)) {
      case "RunTask":
        return this.#run(checked(RunTask, body), JSON.stringify(body));
      case "DescribeTasks":
        return this.#describe(checked(DescribeTasks, body).tasks);
      case "DescribeTaskDefinition":
        return describedDefinition(checked(DescribeTaskDefinition, body).taskDefinition);
      case "DescribeClusters":
        return {
          clusters: checked(DescribeClusters, body).clusters.map((clusterName) => ({
            clusterName,
            status: "ACTIVE",
          })),
          failures: [],
        };
      case "StopTask":
        return this.#stop(checked(StopTask, body));
      case "GetLogEvents":
        return this.#log(checked(GetLogEvents, body).logStreamName);
      default:
        throw new TaskServiceError("UnknownOperationException", `${target} is not supported here`);
    }
  }

  /** Kills every task; resolves when they have exited. */
  async stop(): Promise<void> {
    await Promise.all([...this.#tasks.values()].map((task) => task.kill()));
  }

  #run(
    { cluster, clientToken, overrides }: z.infer<typeof RunTask>,
    body: string,
  ): { readonly tasks: readonly object[]; readonly failures: readonly object[] } {
    const known = this.#tokens.get(clientToken);
    if (known && known.body !== body)
      throw new TaskServiceError(
        "ConflictException",
        "The provided clientToken is already in use with a different RunTask request.",
        { resourceIds: [known.arn] },
      );
    if (known) return this.#answer(known.arn);
    if (JSON.stringify(overrides).length > overridesLimit)
      throw new TaskServiceError(
        "InvalidParameterException",
        "Container Overrides length must be at most 8192",
      );
    const [override] = overrides.containerOverrides;
    if (override === undefined || !isContainer(override.name))
      throw new TaskServiceError(
        "InvalidParameterException",
        `Override for container named ${override?.name ?? ""} is not a container in the TaskDefinition.`,
      );
    const task = this.#start(cluster, override.command[1]);
    this.#tokens.set(clientToken, { body, arn: task.arn });
    return this.#answer(task.arn);
  }

  #start(cluster: string, request: string): LocalTask {
    const { node, functionDirectory: directory, memoryMb, env, log, now } = this.#options;
    const id = randomBytes(16).toString("hex");
    const task = new LocalTask({
      ...{ id, log, now },
      arn: `arn:aws:ecs:us-east-1:000000000000:task/${cluster}/${id}`,
      process: {
        ...{ node, directory, memoryMb, env: env(id) },
        runtime: join(directory, "run-task.mjs"),
        handler: request,
      },
    });
    this.#tasks.set(task.arn, task);
    return task;
  }

  #answer(arn: string): {
    readonly tasks: readonly object[];
    readonly failures: readonly object[];
  } {
    return this.#describe([arn]);
  }

  #describe(arns: readonly string[]) {
    const found = arns.flatMap((arn) => this.#tasks.get(arn)?.describe() ?? []);
    const failures = arns
      .filter((arn) => !this.#tasks.has(arn))
      .map((arn) => ({ arn, reason: "MISSING" }));
    return { tasks: found, failures };
  }

  #stop({ task: arn, reason }: z.infer<typeof StopTask>): object {
    const task = this.#tasks.get(arn);
    if (!task)
      throw new TaskServiceError("InvalidParameterException", "The referenced task was not found.");
    task.stop(reason);
    return { task: task.describe() };
  }

  #log(stream: string): object {
    const id = stream.split("/").at(-1);
    const task = [...this.#tasks.values()].find((each) => each.id === id);
    if (!task)
      throw new TaskServiceError(
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
      );
    return { events: task.log, nextForwardToken: "f/0", nextBackwardToken: "b/0" };
  }
}

/** Every name is a family with revision 1, unless the name includes another revision. */
function describedDefinition(name: string): object {
  const [family = name, revision = "1"] = (name.split("/").at(-1) ?? name).split(":");
  return {
    taskDefinition: {
      ...{ family, revision: Number(revision), status: "ACTIVE", cpu: "512", memory: "1024" },
      compatibilities: ["EC2", "FARGATE"],
      containerDefinitions: [
        {
          name: containerName,
          logConfiguration: {
            logDriver: "awslogs",
            options: { "awslogs-group": `/ecs/${family}` },
          },
        },
      ],
    },
  };
}

function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new TaskServiceError("InvalidParameterException", z.prettifyError(parsed.error));
}
