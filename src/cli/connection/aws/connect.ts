import {
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  type VpcConfigResponse,
} from "@aws-sdk/client-lambda";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import { functionReference } from "../../config/parse-function-name.ts";
import type { LocalTarget } from "../local.ts";
import { localKeyFor } from "../local-keys.ts";
import type { Target } from "../../config/resolve-target.ts";
import {
  longestFunctionMs,
  type Connection,
  type ConnectionInfo,
  type Notice,
} from "../connection.ts";
import type { Environment, CliContext } from "../../context.ts";
import { duration, shortAccount } from "../../output/format.ts";
import { credentialsOf, type Credentials, type Provider } from "./fetch-credentials.ts";
import { readSharedConfig, type SharedConfig } from "./shared-config.ts";
import { describeIdentity, identityOf, type Identity } from "./choose-identity.ts";
import { checkCredentialVariables } from "./credential-variables.ts";
import { describe } from "./describe-function.ts";
import { invoke, type LambdaService } from "./invoke.ts";
import { checkedRegion, isRegion, type Address } from "./addresses.ts";
import { proxyFor } from "./proxies.ts";
import { RequestHandler } from "./http-handler.ts";
import type { SharedCredentials } from "./shared-credentials.ts";
import { configuredEndpoint, endpointsOf } from "./service-addresses.ts";
import type { EcsService } from "./ecs/task-errors.ts";
import { isLoopback } from "../loopback.ts";
import type { TaskNetwork } from "../task-runner.ts";

/**
 * A connection to an environment's function. Credentials are fetched here, in a separate step: later, an error of STS could
 * not be distinguished from one of Lambda. Throws access and usage failures.
 */
export async function connect(
  target: Target,
  context: CliContext,
  { notice, shared, onStep = () => undefined }: ConnectOptions,
): Promise<Connection> {
  const files = await readSharedConfig(context);
  const identity = identityOf(target, files, context.env);
  if (identity.notice !== undefined) notice(identity.notice);
  onStep("profile", describeIdentity(identity));
  const region = regionOf(target, identity, files, context.env);
  const addressOf = endpointsOf(identity, files, context.env);
  const endpoint = typedEndpoint(target) ?? addressOf("lambda");
  const configured = configuredEndpoint(endpoint);
  const sts = configuredEndpoint(addressOf("sts"));
  const url = configured ?? (await serviceAddress(region, identity));
  const proxy = proxyFor(new URL(url), context.env);
  onStep("region", regionText(region, endpoint, proxy));
  // Unlike a function, STS and SSO respond quickly or not at all.
  const requestHandler = new RequestHandler(context, 10_000);
  const network = {
    region: stsRegion(identity, files, region),
    requestHandler,
    ...(sts !== undefined && { stsEndpoint: sts }),
  };
  const localKey = await localKeyFor(url, context);
  if (localKey === undefined) await checkCredentialVariables(identity, files, context.env);
  const ended = shared?.ended ?? new AbortController();
  const create = (): Provider =>
    credentialsOf(identity, files, network, context, ended.signal, shared?.inTurn);
  const provider =
    localKey === undefined
      ? (shared?.provider(identity, create) ?? create())
      : keyProvider(localKey);
  const credentials = await endedByInterrupt(provider, ended, context.interrupts.first);
  onStep("credentials", credentialsText(credentials, context.now()));
  const reached = connectionInfo(target, identity, region, credentials, endpoint);
  noticeAccounts(reached, credentials, notice);
  const connection = connectionTo({
    reached,
    url,
    endpoint: configured,
    provider,
    context,
    notice,
    addressOf: async (service) =>
      configuredEndpoint(addressOf(service === "logs" ? "cloudwatch_logs" : service)) ??
      // Whatever serves Lambda on this machine serves the other services as well.
      (isLoopback(url) ? url : siblingOf(await serviceAddress(region, identity), service)),
  });
  return {
    ...connection,
    close: async () => {
      // Shared credentials end with the last of their connections.
      if (!shared) ended.abort();
      await connection.close();
    },
  };
}

/**
 * The first signal ends the wait for the first credentials. Later ones are for a run, which is watched until it closes the
 * connection.
 */
async function endedByInterrupt(
  provider: Provider,
  ended: AbortController,
  interrupted: AbortSignal,
): Promise<Credentials> {
  const end = (): void => ended.abort();
  if (interrupted.aborted) end();
  interrupted.addEventListener("abort", end);
  try {
    return await provider();
  } finally {
    interrupted.removeEventListener("abort", end);
  }
}

export interface ConnectOptions {
  readonly notice: Notice;
  /** Credentials that several environments share. */
  readonly shared?: SharedCredentials | undefined;
  /** Called after each step that succeeded, with what it found. */
  readonly onStep?: (step: ConnectStep, found: string) => void;
}

/** The steps of connecting, in order. */
export const connectSteps = ["profile", "region", "credentials"] as const;
export type ConnectStep = (typeof connectSteps)[number];

function regionText(
  region: string,
  endpoint: Address | undefined,
  proxy: ReturnType<typeof proxyFor>,
): string {
  return [
    region,
    ...(endpoint ? [`${new URL(endpoint.url).host} (from ${endpoint.from})`] : []),
    ...(proxy === undefined
      ? []
      : [`through the proxy ${new URL(proxy.url).host} (from ${proxy.from})`]),
  ].join(", ");
}

/** Their account, and how long they are valid. */
function credentialsText({ accountId, expiration }: Credentials, now: number): string {
  const account = accountId === undefined ? [] : [`account ${shortAccount(accountId)}`];
  const expiry = expiration ? [`valid for ${duration(expiration.getTime() - now)}`] : [];
  const words = [...account, ...expiry];
  return words.length === 0 ? "found" : words.join(", ");
}

/** The address of Lambda that an option or the configuration names. */
function typedEndpoint({ endpointUrl, endpointFrom }: Target): Address | undefined {
  if (endpointUrl === undefined) return undefined;
  return { url: endpointUrl, from: endpointFrom ?? "--endpoint-url" };
}

/** The Lambda service's address by the SDK's own rules, which know each partition's domain, FIPS and dual stack. */
export async function serviceAddress(region: string, identity: Identity): Promise<string> {
  const { config } = new LambdaClient({
    region,
    ...(identity.kind === "profile" && { profile: identity.profile }),
  });
  const endpoint = config.endpointProvider({
    Region: await config.region(),
    UseFIPS: await config.useFipsEndpoint(),
    UseDualStack: await config.useDualstackEndpoint(),
  });
  return endpoint.url.href;
}

/** The address of another service in the same partition, from that of Lambda: FIPS and dual stack are named alike. */
function siblingOf(lambda: string, service: EcsService): string {
  const url = new URL(lambda);
  url.hostname = url.hostname.replace(/^lambda/, service);
  return url.href;
}

/** The account of the credentials is known only where their provider returns it; no request is made for it. */
function noticeAccounts({ account }: ConnectionInfo, own: Credentials, notice: Notice): void {
  if (account === undefined || own.accountId === undefined || account === own.accountId) return;
  notice(`The credentials belong to account ${own.accountId}, but the function is in ${account}.`);
}

/** A connection to the embedded environment, which accepts its own access key; closing the connection stops it. */
export function connectTo(local: LocalTarget, context: CliContext, notice: Notice): Connection {
  const provider = keyProvider(local.accessKeyId);
  const reached = { region: "us-east-1", function: local.functionName };
  const connection = connectionTo({
    reached,
    url: local.endpointUrl,
    endpoint: local.endpointUrl,
    provider,
    context,
    notice,
    addressOf: () => Promise.resolve(local.endpointUrl),
  });
  return {
    ...connection,
    // The region is only needed for signing.
    reached: { ...reached, region: "" },
    close: async () => {
      await connection.close();
      await local.stop();
    },
  };
}

/** A local service accepts its own access key, with any secret. */
function keyProvider(accessKeyId: string): Provider {
  return async () => ({ accessKeyId, secretAccessKey: "local" });
}

interface ConnectionParts {
  readonly reached: ConnectionInfo;
  readonly url: string;
  readonly endpoint: string | undefined;
  readonly provider: Provider;
  readonly context: CliContext;
  readonly notice: Notice;
  readonly addressOf: (service: EcsService) => Promise<string>;
}

function connectionTo(parts: ConnectionParts): Connection {
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

/** From the flag, the configuration, the profile or the environment variables, in that order. */
function regionOf(
  target: Target,
  identity: Identity,
  files: SharedConfig,
  env: Environment,
): string {
  const sources = [
    [target.region, `--region or the configuration of ${target.environment}`],
    [
      profileRegion(identity, files),
      identity.kind === "profile" ? `profile "${identity.profile}"` : "",
    ],
    [env["AWS_REGION"], "AWS_REGION"],
    [env["AWS_DEFAULT_REGION"], "AWS_DEFAULT_REGION"],
  ] as const;
  for (const [region, from] of sources) if (region) return checkedRegion(region, from);
  // With an explicit endpoint the region is only needed for signing.
  if (target.endpointUrl !== undefined) return "us-east-1";
  throw new Failure("usage", "region-missing", `No AWS region for ${target.environment}.`, {
    hints: [textHint('Set it with --region, "region" in hasura-migrate.json, or the AWS profile.')],
  });
}

/** The profile's own region, as in the AWS CLI: it may be the only one with an endpoint in the VPC. */
function stsRegion(identity: Identity, files: SharedConfig, otherwise: string): string {
  const own = profileRegion(identity, files);
  return own !== undefined && isRegion(own) ? own : otherwise;
}

function profileRegion(identity: Identity, files: SharedConfig): string | undefined {
  return identity.kind === "profile" ? files.profile(identity.profile)?.["region"] : undefined;
}

/** Hosts of AWS, interface endpoints in a VPC included. */
const awsHost = /\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;

/** The host of a checked address, unless it belongs to AWS. */
function foreignHost({ url, from }: Address): ConnectionInfo["endpoint"] {
  const { protocol, hostname, host } = new URL(url);
  return protocol === "https:" && awsHost.test(hostname) ? undefined : { host, from };
}

function connectionInfo(
  target: Target,
  identity: Identity,
  region: string,
  credentials: Credentials,
  configured: Address | undefined,
): ConnectionInfo {
  const endpoint = configured && foreignHost(configured);
  const account = functionReference(target.function).account ?? credentials.accountId;
  return {
    region,
    function: target.function,
    ...(identity.kind === "profile" && { profile: identity.profile }),
    ...(account !== undefined && { account }),
    ...(endpoint && { endpoint }),
  };
}
