import { Failure } from "../../../../protocol/failure.ts";
import { textHint } from "../../../../protocol/hint.ts";
import type { CliContext } from "../../../context.ts";
import type { FunctionFacts } from "../../connection.ts";
import type { TaskNetwork, TaskRunner, TaskSettings } from "../../task-runner.ts";
import type { Provider } from "../fetch-credentials.ts";
import type { RequestHandler } from "../http-handler.ts";
import type { InvocationTarget } from "../invoke-errors.ts";
import type { EcsService } from "./task-errors.ts";
import { taskService } from "./task-service.ts";

/** What a connection to a function lends to its tasks. */
export interface TaskConnection {
  readonly target: InvocationTarget;
  readonly provider: Provider;
  readonly handler: RequestHandler;
  readonly context: CliContext;
  readonly addresses: Readonly<Record<EcsService, string>>;
  /** What AWS says about the function. */
  readonly describe: (signal: AbortSignal) => Promise<FunctionFacts>;
}

/** The tasks of the environment that a connection belongs to. */
export function connectTasks(settings: TaskSettings, connection: TaskConnection): TaskRunner {
  const { target, provider, handler, context, addresses, describe } = connection;
  const { region } = target;
  return taskService({
    ...{ settings, context },
    target: { ...target, settings },
    service: (name) => ({
      ...{ name, region, provider, handler, now: context.now },
      url: addresses[name],
    }),
    network: async (signal) => (await describe(signal)).network ?? noNetwork(target),
  });
}

function noNetwork({ function: name }: InvocationTarget): TaskNetwork {
  throw new Failure(
    "usage",
    "task-network-missing",
    `The function ${name} is not in a VPC, so it has no network for the task to use; nothing has run.`,
    {
      hints: [
        textHint('Set "ecs": { "subnets": […], "securityGroups": […] } in hasura-migrate.json.'),
      ],
    },
  );
}
