import type { RunEvent } from "../../protocol/events.ts";
import type { Hint } from "../../protocol/hint.ts";

/** Where the tasks of an environment are started. */
export interface TaskSettings {
  readonly cluster: string;
  /** Family, with or without a revision, or ARN. */
  readonly taskDefinition: string;
  readonly container: string;
  /** Its log group, whose streams are called `task/CONTAINER/ID`. */
  readonly logGroup: string;
  /** Default: the function's. */
  readonly subnets?: readonly string[] | undefined;
  readonly securityGroups?: readonly string[] | undefined;
}

/** The network of a function or a task. */
export interface TaskNetwork {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
}

/** A task that was started. */
export interface Task {
  readonly id: string;
  readonly arn: string;
}

/** Why a task ended, as ECS reports it. */
export interface TaskStop {
  /** Such as `EssentialContainerExited`, `TaskFailedToStart` or `UserInitiated`. */
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly exitCode: number | undefined;
}

/** How far a task has come; `missing`: ECS does not know it, not yet or no longer. */
export type TaskState =
  | { readonly kind: "starting"; readonly status: string }
  | { readonly kind: "running" }
  | { readonly kind: "stopped"; readonly stop: TaskStop }
  | { readonly kind: "missing" };

/** An environment's task definition, as registered in ECS. */
export interface TaskFacts {
  /** Family and revision: `hasura-migrate-dev-3:7`. */
  readonly taskDefinition: string;
  /** Undefined if there is no such container. `logGroup`: where it logs to; undefined if it does not log to CloudWatch. */
  readonly container: { readonly logGroup: string | undefined } | undefined;
  readonly containers: readonly string[];
  readonly isForFargate: boolean;
  /** CPU units (1024 per vCPU) and memory in MiB, as ECS writes them. */
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
}

/** Starts and watches the ECS tasks of one environment. */
export interface TaskRunner {
  /**
   * Starts one task that serves the request. The same token never starts a second one, so that a lost answer is asked for again.
   * Throws a `Failure`, with code `task-unknown` if the task may have been started nevertheless.
   */
  start(request: string, token: string, signal: AbortSignal): Promise<Task>;
  /** Throws a `Failure`. */
  state(task: Task, signal: AbortSignal): Promise<TaskState>;
  /**
   * Reads the task definition and the cluster. Throws a `Failure`, with code `access-denied` where reading them is not allowed, which
   * running a task does not need, and `task-definition-not-found` if one is missing or inactive.
   */
  describe(signal: AbortSignal): Promise<TaskFacts>;
  /** The command that prints the task's log. */
  logHint(task: Task): Hint;
  /** The events in the task's log, as far as there are any. Throws a `Failure`. */
  events(task: Task, signal: AbortSignal): Promise<readonly RunEvent[]>;
}
