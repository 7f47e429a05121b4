import { LambdaClient } from "@aws-sdk/client-lambda";
import { functionReference } from "../../config/parse-function-name.ts";
import type { LocalTarget } from "../local.ts";
import { localKeyFor } from "../local-keys.ts";
import type { Target } from "../../config/resolve-target.ts";
import type { Connection, ConnectionInfo, Notice } from "../connection.ts";
import type { CliContext } from "../../context.ts";
import { duration, shortAccount } from "../../output/format.ts";
import { credentialsOf, type Credentials, type Provider } from "./fetch-credentials.ts";
import { readSharedConfig } from "./shared-config.ts";
import { describeIdentity, identityOf, type Identity } from "./choose-identity.ts";
import { checkCredentialVariables } from "./credential-variables.ts";
import type { Address } from "./addresses.ts";
import { proxyFor } from "./proxies.ts";
import { RequestHandler } from "./http-handler.ts";
import type { SharedCredentials } from "./shared-credentials.ts";
import { configuredEndpoint, endpointsOf } from "./service-addresses.ts";
import type { EcsService } from "./ecs/task-errors.ts";
import { isLoopback } from "../loopback.ts";
import { regionOf, stsRegion } from "./region.ts";
import { connectionTo } from "./lambda-connection.ts";

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
