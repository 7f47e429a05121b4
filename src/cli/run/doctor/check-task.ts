import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { Connection } from "../../connection/connection.ts";
import type { TaskFacts, TaskSettings } from "../../connection/task-runner.ts";
import type { CheckList } from "./checks.ts";

/** The name of the check of an environment's ECS tasks. */
export const taskCheck = "task";

/**
 * Checks the task definition and the cluster of an environment whose migrations run in ECS tasks. Permission to start tasks does not
 * include permission to read these, so a denial is not a failure.
 */
export async function checkTask(
  settings: TaskSettings,
  connection: Connection,
  signal: AbortSignal,
  checks: CheckList,
): Promise<void> {
  try {
    const tasks = await connection.tasks(settings);
    const facts = await tasks.describe(signal);
    refuseUnusable(facts, settings);
    const { container } = facts;
    if (container?.logGroup === settings.logGroup) checks.ok(taskCheck, wordsOf(facts, settings));
    else checks.warning(taskCheck, logWarning(container?.logGroup, settings));
  } catch (thrown) {
    checks.unread(
      taskCheck,
      thrown,
      "no permission to read it (ecs:DescribeTaskDefinition, ecs:DescribeClusters); these permissions are optional",
    );
  }
}

/** Throws if ECS cannot start a task from the task definition. */
function refuseUnusable(
  { taskDefinition, container, containers, isForFargate }: TaskFacts,
  settings: TaskSettings,
): void {
  if (container === undefined)
    throw new Failure(
      "unreachable",
      "task-refused",
      `The task definition ${taskDefinition} has no container ${settings.container}: it has ${containers.join(", ")}.`,
      {
        hints: [textHint('Set its name with "ecs": { "container": … } in hasura-migrate.json.')],
      },
    );
  if (!isForFargate)
    throw new Failure(
      "unreachable",
      "task-refused",
      `The task definition ${taskDefinition} cannot run on Fargate.`,
      {
        hints: [
          textHint('Add FARGATE to its requiresCompatibilities, with the network mode "awsvpc".'),
        ],
      },
    );
}

function wordsOf({ taskDefinition, cpu, memory }: TaskFacts, { cluster }: TaskSettings): string {
  return [
    taskDefinition,
    ...(cpu === undefined ? [] : [`${cpu} CPU units`]),
    ...(memory === undefined ? [] : [`${memory} MB`]),
    `cluster ${cluster}`,
  ].join(", ");
}

function logWarning(logGroup: string | undefined, settings: TaskSettings): string {
  const actual = logGroup === undefined ? "does not log to CloudWatch" : `logs to ${logGroup}`;
  return `its container ${actual} (expected log group: ${settings.logGroup}): if a task fails before it reaches the ledger, the reason cannot be shown`;
}
