import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  type VpcConfigResponse,
} from "@aws-sdk/client-lambda";
import {
  longestFunctionMs,
  type Connection,
  type ConnectionInfo,
  type Notice,
} from "../connection.ts";
import type { CliContext } from "../../context.ts";
import type { Provider } from "./fetch-credentials.ts";
import { describe } from "./describe-function.ts";
import { invoke, type LambdaService } from "./invoke.ts";
import { RequestHandler } from "./http-handler.ts";
import type { EcsService } from "./ecs/task-errors.ts";
import type { TaskNetwork } from "../task-runner.ts";

interface ConnectionParts {
  readonly reached: ConnectionInfo;
  readonly url: string;
  readonly endpoint: string | undefined;
  readonly provider: Provider;
  readonly context: CliContext;
  readonly notice: Notice;
  readonly addressOf: (service: EcsService) => Promise<string>;
}

/** A connection that invokes the function with these credentials. */
export function connectionTo(parts: ConnectionParts): Connection {
  const { reached, url, endpoint, provider, context, notice } = parts;
  const common = {
    region: reached.region,
    credentials: provider,
    // The profile whose settings apply, such as use_fips_endpoint.
    ...(reached.profile !== undefined && { profile: reached.profile }),
    // For addresses, the SDK would use the profile "default" anyway.
    ignoreConfiguredEndpointUrls: true,
    ...(endpoint !== undefined && { endpoint }),
  };
  // One attempt: the SDK must never resend an invocation on its own.
  const invocations = new LambdaClient({
    ...common,
    maxAttempts: 1,
    requestHandler: new RequestHandler(context),
  });
  const handler = new RequestHandler(context, 10_000);
  const control = new LambdaClient({ ...common, requestHandler: handler });
  const service = lambdaService({ invocations, control }, reached.function);
  let streams = true;
  const onBuffered = (): void => {
    streams = false;
  };
  return {
    reached,
    invoke: (payload, signal, buffered = { payload, limitMs: longestFunctionMs }) =>
      invoke({
        service,
        payload,
        buffered,
        signal,
        notice,
        onBuffered,
        context,
        target: { ...reached, url },
      }),
    streams: () => streams,
    describe: (signal) => describe(service, { ...reached, url }, signal, context.env),
    tasks: async (settings) => {
      const { connectTasks } = await import("./ecs/connect-tasks.ts");
      return connectTasks(settings, {
        ...{ provider, context, handler },
        target: { ...reached, url },
        addresses: { ecs: await parts.addressOf("ecs"), logs: await parts.addressOf("logs") },
        describe: (signal) => describe(service, { ...reached, url }, signal, context.env),
      });
    },
    close: async () => {
      invocations.destroy();
      control.destroy();
      handler.destroy();
    },
  };
}

/** The calls of the Lambda service about one function. */
function lambdaService(
  { invocations, control }: { readonly invocations: LambdaClient; readonly control: LambdaClient },
  name: string,
): LambdaService {
  return {
    stream: (payload, abortSignal) =>
      invocations.send(
        new InvokeWithResponseStreamCommand({ FunctionName: name, Payload: payload }),
        { abortSignal },
      ),
    buffered: (payload, abortSignal) =>
      invocations.send(new InvokeCommand({ FunctionName: name, Payload: payload }), {
        abortSignal,
      }),
    state: async (abortSignal) => {
      const { State, StateReason, Version, MemorySize, Timeout, VpcConfig } = await control.send(
        new GetFunctionConfigurationCommand({ FunctionName: name }),
        { abortSignal },
      );
      return {
        state: State ?? "Active",
        reason: StateReason,
        version: Version,
        memoryMb: MemorySize,
        timeoutSeconds: Timeout,
        network: networkOf(VpcConfig),
      };
    },
  };
}

function networkOf({
  SubnetIds: subnets = [],
  SecurityGroupIds: securityGroups = [],
}: VpcConfigResponse = {}): TaskNetwork | undefined {
  return subnets.length === 0 ? undefined : { subnets, securityGroups };
}
