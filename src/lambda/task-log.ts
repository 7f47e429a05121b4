import * as z from "zod";

/** Where a task's output goes. */
export interface TaskLog {
  readonly containerArn: string;
  readonly logGroupName: string;
}

const Metadata = z.object({
  ContainerARN: z.string(),
  LogOptions: z.object({
    "awslogs-group": z.string(),
    "awslogs-region": z.string().optional(),
  }),
});

/**
 * Asks the metadata endpoint of ECS where this task's output goes (docs/internals/ecs-tasks.md, "The task's process"). Undefined
 * where it does not answer before the signal, or if the log is not in CloudWatch or in another region. Never rejects.
 */
export async function taskLog(
  address: string | undefined,
  signal: AbortSignal,
): Promise<TaskLog | undefined> {
  if (address === undefined) return undefined;
  try {
    const answer = await fetch(address, { signal, redirect: "error" });
    const { ContainerARN, LogOptions } = Metadata.parse(await answer.json());
    const region = ContainerARN.split(":")[3];
    if (region !== (LogOptions["awslogs-region"] ?? region)) return undefined;
    return { containerArn: ContainerARN, logGroupName: LogOptions["awslogs-group"] };
  } catch {
    return undefined;
  }
}
