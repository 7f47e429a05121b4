import { Failure } from "../../../../protocol/failure.ts";
import { commandHint, textHint, type Hint } from "../../../../protocol/hint.ts";
import type { Environment } from "../../../context.ts";
import type { TaskSettings } from "../../task-runner.ts";
import type { Delivery } from "../delivery.ts";
import { refusedIdentity, type InvocationTarget } from "../invoke-errors.ts";
import { networkFailure } from "../network-errors.ts";
import {
  errorCode,
  errorName,
  errorText,
  httpStatusOf,
  isMissingTaskDefinition,
} from "../sdk-error.ts";

/** The function and the ECS settings that messages and hints name. */
export interface TaskTarget extends InvocationTarget {
  readonly settings: TaskSettings;
}

/** The services that are called for tasks. */
export type EcsService = "ecs" | "logs";

/** A call that failed. */
export interface FailedCall {
  readonly target: TaskTarget;
  readonly delivery: Delivery;
  /** Such as `RunTask`. */
  readonly operation: string;
  readonly service: EcsService;
  readonly url: string;
  readonly env: Environment;
}

/** An error of ECS or CloudWatch Logs as one sentence and the next step. */
export async function explainTaskCall(thrown: unknown, call: FailedCall): Promise<unknown> {
  if (errorName(thrown) === "AbortError" || thrown instanceof Failure) return thrown;
  const { delivery, env, url, service } = call;
  const network = await networkFailure(thrown, delivery, {
    service: service === "ecs" ? "Amazon ECS" : "CloudWatch Logs",
    url: new URL(url),
    unreachable: "ecs-unreachable",
    env,
  });
  if (network !== undefined) return network;
  if (throttling.has(errorName(thrown))) return throttled(call, thrown);
  return refusedStart(thrown, call) ?? refusedCaller(thrown, call) ?? other(call, thrown);
}

function refusedStart(thrown: unknown, { operation, target }: FailedCall): Failure | undefined {
  // ECS has one error for everything that is wrong with a request; this request contains only a name.
  if (operation === "DescribeTaskDefinition" && errorName(thrown) === "ClientException")
    return taskDefinitionNotFound(target, { cause: thrown });
  return operation === "RunTask" ? refusals.get(errorName(thrown))?.(target, thrown) : undefined;
}

function refusedCaller(thrown: unknown, call: FailedCall): Failure | undefined {
  const { service, operation, target } = call;
  const failure = refusedIdentity(
    thrown,
    { ...target, function: resourceOf(call) },
    `${service}:${operation}`,
  );
  if (operation !== "RunTask" || failure?.code !== "access-denied") return failure;
  return failure.with({ hints: [policyHint, ...failure.hints] });
}

/** For iam:PassRole as well, which RunTask needs. */
const policyHint = textHint("The policy TaskPolicyArn of the stack allows it.");

function resourceOf({ operation, target: { settings } }: FailedCall): string {
  if (operation === "RunTask" || operation === "DescribeTaskDefinition")
    return settings.taskDefinition;
  if (operation === "DescribeClusters") return settings.cluster;
  return operation === "DescribeTasks" ? `tasks of ${settings.cluster}` : settings.logGroup;
}

const throttling = new Set([
  "ThrottlingException",
  "Throttling",
  "TooManyRequestsException",
  "RequestLimitExceeded",
]);

function throttled({ operation }: FailedCall, cause: unknown): Failure {
  return new Failure("unreachable", "throttled", `AWS throttled ${operation}; nothing has run.`, {
    hints: [textHint("Try again in a minute.")],
    cause,
  });
}

type Refuse = (target: TaskTarget, thrown: unknown) => Failure;

/** Of RunTask, by the error's name. */
const refusals: ReadonlyMap<string, Refuse> = new Map<string, Refuse>([
  [
    "ClusterNotFoundException",
    (target, cause) => clusterNotFound(target, { cause, consequence: nothingHasRun }),
  ],
  ["ClientException", clientError],
  ["InvalidParameterException", clientError],
]);

/** What a call that failed was for. */
interface Circumstances {
  readonly cause?: unknown;
  /** Appended to the sentence. */
  readonly consequence?: string;
}

const nothingHasRun = "; nothing has run";

/** The cluster does not exist, or is being deleted. */
export function clusterNotFound(target: TaskTarget, circumstances?: Circumstances): Failure {
  return notFound(target, `ECS cluster ${target.settings.cluster}`, "cluster", circumstances);
}

/** The task definition does not exist, or has been deregistered. */
export function taskDefinitionNotFound(target: TaskTarget, circumstances?: Circumstances): Failure {
  const what = `active task definition ${target.settings.taskDefinition}`;
  return notFound(target, what, "taskDefinition", circumstances);
}

function notFound(
  { region }: TaskTarget,
  what: string,
  key: "cluster" | "taskDefinition",
  { cause, consequence = "" }: Circumstances = {},
): Failure {
  return new Failure(
    "unreachable",
    "task-definition-not-found",
    `There is no ${what} in ${region}${consequence}.`,
    { hints: setUpHints(key), cause },
  );
}

/** ECS has one error for everything that is wrong with a request. */
function clientError(target: TaskTarget, thrown: unknown): Failure {
  const { settings } = target;
  if (isMissingTaskDefinition(thrown))
    return taskDefinitionNotFound(target, { cause: thrown, consequence: nothingHasRun });
  return new Failure(
    "unreachable",
    "task-refused",
    `ECS refused to start a task of ${settings.taskDefinition}: ${errorText(thrown)} Nothing has run.`,
    {
      hints: [
        textHint('Check "ecs" in hasura-migrate.json: the container, subnets and security groups.'),
      ],
      cause: thrown,
    },
  );
}

function setUpHints(key: "cluster" | "taskDefinition"): Hint[] {
  return [
    textHint("The stack creates it with TaskRunner=true (docs/deploying.md)."),
    textHint(`Set its name with "ecs": { "${key}": … } in hasura-migrate.json.`),
  ];
}

function other({ operation, delivery }: FailedCall, thrown: unknown): Failure {
  const status = httpStatusOf(thrown);
  const name = errorName(thrown);
  const what = status === undefined ? (errorCode(thrown) ?? name) : name;
  const isRefusal = status !== undefined && status >= 400 && status < 500;
  if (operation !== "RunTask" || isRefusal || !delivery.sent)
    return new Failure(
      "unreachable",
      operation === "RunTask" ? "task-refused" : "ecs-unreachable",
      `${operation} failed (${what}).`,
      { cause: thrown },
    );
  return new Failure(
    "unreachable",
    "task-unknown",
    `The response to ${operation} was lost (${what}); the task may have been started.`,
    { cause: thrown },
  );
}

/** True if the same call may succeed soon. RunTask may be repeated, because its token never starts a second task. */
export function isTransient(thrown: unknown): boolean {
  const codes: readonly string[] = ["task-unknown", "throttled"];
  return thrown instanceof Failure && codes.includes(thrown.code);
}

/** ECS accepted the request and started nothing. */
export function notPlaced(
  { settings, region, profile }: TaskTarget,
  failure: { readonly reason?: string | undefined; readonly detail?: string | undefined } = {},
): Failure {
  const { reason = "ECS gives no reason", detail } = failure;
  const as = profile === undefined ? [] : ["--profile", profile];
  return new Failure(
    "unreachable",
    "task-not-placed",
    `ECS could not place a task of ${settings.taskDefinition}: ${reason}${detail === undefined ? "" : ` (${detail})`}. Nothing has run.`,
    {
      hints: [
        textHint("For a lack of capacity, try again in a minute, or add subnets in other zones."),
        commandHint(
          [
            "aws",
            "ecs",
            "describe-clusters",
            "--clusters",
            settings.cluster,
            "--region",
            region,
            ...as,
          ],
          "see the cluster",
        ),
      ],
    },
  );
}

/** The request does not fit into the overrides of a task. */
export function tooLarge(): Failure {
  return new Failure(
    "usage",
    "request-too-large",
    "The request is larger than an ECS task accepts (8,192 characters).",
  );
}
