import {
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import { Failure } from "../../../protocol/failure.ts";
import type { LocalTarget } from "../../commands/local.ts";
import type { Target } from "../../config/resolve-target.ts";
import type { Connection, Notice, ConnectionInfo } from "../connection.ts";
import type { Environment, CliContext } from "../../context.ts";
import { credentialsOf, type Credentials, type Provider } from "./credentials.ts";
import { endpointOf, readSharedConfig, type SharedConfig } from "./shared-config.ts";
import { identityOf, type Identity } from "./identity.ts";
import { invoke, type LambdaService } from "./invoke.ts";
import { handlerFor } from "./http-handler.ts";

/**
 * A connection to an environment's function. Credentials are got here, as a step of their own: later on STS and Lambda
 * could not be told apart. Throws access and usage failures.
 */
export async function connect(
  target: Target,
  world: CliContext,
  notice: Notice,
): Promise<Connection> {
  const files = await readSharedConfig(world);
  const identity = identityOf(target, files, world.env);
  if (identity.kind === "ambient" && identity.notice !== undefined) notice(identity.notice);
  const region = regionOf(target, identity, files, world.env);
  const endpoint = endpointFor(target, identity, files, world.env);
  const url = endpoint ?? `https://lambda.${region}.amazonaws.com`;
  // STS and SSO answer at once or not at all, unlike a function.
  const network = {
    region,
    requestHandler: handlerFor(`https://sts.${region}.amazonaws.com`, 10_000),
  };
  const provider = credentialsOf(identity, files, network, world);
  const credentials = await provider();
  const reached = reachedBy(target, identity, region, credentials);
  return connectionTo({ reached, url, endpoint, provider, world, notice });
}

/** A service on this machine that checks no signatures; closing the connection ends it. */
export function connectTo(local: LocalTarget, world: CliContext, notice: Notice): Connection {
  const provider = async (): Promise<Credentials> => ({
    accessKeyId: "local",
    secretAccessKey: "local",
  });
  const reached = { region: "us-east-1", function: local.functionName };
  const connection = connectionTo({
    reached,
    url: local.endpointUrl,
    endpoint: local.endpointUrl,
    provider,
    world,
    notice,
  });
  return {
    ...connection,
    // The region only signs; there is none to speak of.
    reached: { ...reached, region: "" },
    close: async () => {
      await connection.close();
      await local.stop();
    },
  };
}

interface Parts {
  readonly reached: ConnectionInfo;
  readonly url: string;
  readonly endpoint: string | undefined;
  readonly provider: Provider;
  readonly world: CliContext;
  readonly notice: Notice;
}

function connectionTo({ reached, url, endpoint, provider, world, notice }: Parts): Connection {
  const common = {
    region: reached.region,
    credentials: provider,
    ...(endpoint !== undefined && { endpoint }),
  };
  // One attempt: the SDK must never send an invocation a second time by itself.
  const invoking = new LambdaClient({ ...common, maxAttempts: 1, requestHandler: handlerFor(url) });
  const asking = new LambdaClient({ ...common, requestHandler: handlerFor(url, 10_000) });
  const service: LambdaService = {
    stream: (payload, abortSignal) =>
      invoking.send(
        new InvokeWithResponseStreamCommand({ FunctionName: reached.function, Payload: payload }),
        { abortSignal },
      ),
    buffered: (payload, abortSignal) =>
      invoking.send(new InvokeCommand({ FunctionName: reached.function, Payload: payload }), {
        abortSignal,
      }),
    state: async (abortSignal) => {
      const { State, StateReason } = await asking.send(
        new GetFunctionConfigurationCommand({ FunctionName: reached.function }),
        {
          abortSignal,
        },
      );
      return { state: State ?? "Active", reason: StateReason };
    },
  };
  return {
    reached,
    invoke: (payload, signal, bufferedPayload = payload) =>
      invoke({
        service,
        payload,
        bufferedPayload,
        signal,
        notice,
        world,
        context: { ...reached, url },
      }),
    close: async () => {
      invoking.destroy();
      asking.destroy();
    },
  };
}

/** Flag, configuration, profile, environment: in that order. */
function regionOf(
  target: Target,
  identity: Identity,
  files: SharedConfig,
  env: Environment,
): string {
  const own = identity.kind === "profile" ? files.profile(identity.profile)?.["region"] : undefined;
  const region = target.region ?? own ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (region) return region;
  // An endpoint of one's own needs a region only to sign with.
  if (target.endpointUrl !== undefined) return "us-east-1";
  throw new Failure(
    "usage",
    "region-missing",
    `No AWS region is known for ${target.environment}.`,
    {
      hints: ['Say it: --region NAME, "region" in hasura-migrate.json, or in the AWS profile.'],
    },
  );
}

function endpointFor(
  target: Target,
  identity: Identity,
  files: SharedConfig,
  env: Environment,
): string | undefined {
  if (target.endpointUrl !== undefined) return target.endpointUrl;
  if (env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true") return undefined;
  return (
    env["AWS_ENDPOINT_URL_LAMBDA"] ||
    env["AWS_ENDPOINT_URL"] ||
    endpointOf(files, identity.kind === "profile" ? identity.profile : undefined)
  );
}

function reachedBy(
  target: Target,
  identity: Identity,
  region: string,
  credentials: Credentials,
): ConnectionInfo {
  const account = accountOfArn(target.function) ?? credentials.accountId;
  return {
    region,
    function: target.function,
    ...(identity.kind === "profile" && { profile: identity.profile }),
    ...(account !== undefined && { account }),
  };
}

/** The account inside a function's ARN, or undefined for a plain name. */
export function accountOfArn(arn: string): string | undefined {
  return /^arn:[^:]+:lambda:[^:]+:(\d{12}):/.exec(arn)?.[1];
}
