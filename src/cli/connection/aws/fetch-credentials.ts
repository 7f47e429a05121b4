import { Failure } from "../../../protocol/failure.ts";
import { commandHint, textHint } from "../../../protocol/hint.ts";
import type { Environment, CliContext } from "../../context.ts";
import { whyNobodyIsAsked } from "../../run/nobody-to-ask.ts";
import { explainCredentials } from "./credential-errors.ts";
import type { SharedConfig } from "./shared-config.ts";
import { within } from "../time-limit.ts";
import { checkKeys } from "./addresses.ts";
import { Delivery } from "./delivery.ts";
import type { RequestHandler } from "./http-handler.ts";
import { describeIdentity, type AmbientSource, type Identity } from "./choose-identity.ts";
import { runCredentialProcesses } from "./credential-process.ts";
import { checkProfile } from "./profile-problems.ts";
import { renewedInTime } from "./renewed-in-time.ts";
import { withSsoLogin, type InTurn } from "./sso-login.ts";
import { findTheirOwnAddress } from "./service-addresses.ts";

/** Credentials as the SDK takes them; `accountId` where they include it. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
  readonly accountId?: string;
}
export type Provider = () => Promise<Credentials>;
/** Fetches them once; aborting the signal ends everything started for it. */
type Source = (signal: AbortSignal) => Promise<Credentials>;

/** How credential services are reached. */
interface Network {
  /** Of STS. */
  readonly region: string;
  readonly requestHandler: RequestHandler;
  /** The address of STS where one is configured. */
  readonly stsEndpoint?: string;
}

/**
 * A provider that caches its credentials (otherwise each client of the SDK would ask for an MFA code again) and explains its
 * failures. The underlying clients (STS, SSO) keep their own retries. In a terminal it offers to log in to SSO again. `ended` is
 * aborted when nobody waits for credentials any more.
 */
export function credentialsOf(
  identity: Identity,
  files: SharedConfig,
  network: Network,
  context: CliContext,
  ended: AbortSignal,
  inTurn?: InTurn,
): Provider {
  const person = { isAsked: false };
  if (identity.kind === "profile") checkProfile(identity.profile, files);
  const source =
    identity.kind === "profile"
      ? ofProfile(identity.profile, files, network, asking(context, person, inTurn))
      : ambient(identity.source, network, context.env);
  const explained = async (): Promise<Credentials> => {
    const delivery = new Delivery();
    const late = new AbortController();
    const signal = AbortSignal.any([ended, late.signal]);
    try {
      const credentials = await within(
        delivery.observe(() => source(signal)),
        {
          ms: longestWaitMs,
          every: context.every,
          isPaused: () => person.isAsked,
          late: () => {
            late.abort();
            return noCredentialsInTime(identity, delivery, network);
          },
        },
      );
      checkKeys(credentials, describeIdentity(identity));
      return credentials;
    } catch (thrown) {
      throw await explainCredentials(thrown, identity, { delivery, files, env: context.env });
    }
  };
  return renewedInTime(() => withSsoLogin(explained, identity, context, inTurn), context.now);
}

/** A `credential_process`, SSO, STS and the metadata services answer well before that, or not at all. */
const longestWaitMs = 60_000;

function noCredentialsInTime(identity: Identity, delivery: Delivery, network: Network): Failure {
  const from =
    identity.kind === "profile"
      ? `profile "${identity.profile}"`
      : `the environment (${identity.source})`;
  const { asking } = delivery;
  if (asking !== undefined)
    return silentService(serviceAt(asking, network), asking, from, identity);
  return new Failure(
    "access",
    "credentials-timeout",
    `No credentials from ${from} within ${longestWaitMs / 1000} s; nothing was sent.`,
    {
      hints: [
        textHint(
          identity.kind === "profile"
            ? "If the profile has a credential_process, run that command directly. Otherwise check the network and HTTPS_PROXY."
            : "Check that this machine or container can reach the service that gives it credentials.",
        ),
      ],
    },
  );
}

/** A service that took the connection, and perhaps the request, and has not answered. */
function silentService(service: string, url: URL, from: string, identity: Identity): Failure {
  const again: [string, ...string[]] =
    identity.kind === "profile"
      ? ["aws", "sts", "get-caller-identity", "--profile", identity.profile]
      : ["aws", "sts", "get-caller-identity"];
  return new Failure(
    "unreachable",
    "credentials-timeout",
    `${service} at ${url.host} did not respond within ${longestWaitMs / 1000} s, so there are no credentials from ${from}; nothing was sent to the function.`,
    {
      hints: [
        commandHint(again, "to see whether it responds to the AWS CLI"),
        textHint("Check the network, HTTPS_PROXY and NO_PROXY, and the region's name."),
      ],
    },
  );
}

function serviceAt({ host, hostname }: URL, { stsEndpoint }: Network): string {
  if (stsEndpoint !== undefined && new URL(stsEndpoint).host === host) return "STS";
  if (/^sts[.-]/.test(hostname)) return "STS";
  return /^(portal\.sso|oidc)\./.test(hostname) ? "SSO" : "The credential service";
}

/** The same context, but it records while a person is being prompted: that time does not count. */
function asking(
  context: CliContext,
  person: { isAsked: boolean },
  inTurn: InTurn = (ask) => ask(),
): CliContext {
  const { keyboard } = context;
  return {
    ...context,
    keyboard: {
      ...keyboard,
      ask: async (question) => {
        person.isAsked = true;
        try {
          return await inTurn(() => keyboard.ask(question));
        } finally {
          person.isAsked = false;
        }
      },
    },
  };
}

/** Loaded on demand: a CI job usually has keys in its environment and needs none of them. */
const providers = () => import("./credential-providers.ts");

function ofProfile(
  profile: string,
  files: SharedConfig,
  network: Network,
  context: CliContext,
): Source {
  return async (signal) => {
    const { fromIni, getDefaultRoleAssumer, getDefaultRoleAssumerWithWebIdentity } =
      await providers();
    runCredentialProcesses((command) => context.runShell(command, signal));
    const sts = stsClient(network);
    const { region, requestHandler } = network;
    const provide = fromIni({
      roleAssumer: getDefaultRoleAssumer(sts),
      roleAssumerWithWebIdentity: getDefaultRoleAssumerWithWebIdentity(sts),
      profile,
      filepath: files.filepath,
      configFilepath: files.configFilepath,
      ignoreCache: true,
      mfaCodeProvider: (serial) => askForMfaCode(serial, profile, context),
      // No region: SSO has its own, which may differ from the function's.
      clientConfig: {
        requestHandler,
        ignoreConfiguredEndpointUrls: !findTheirOwnAddress(profile, context.env),
      },
    });
    return provide({ callerClientConfig: { region: async () => region } });
  };
}

/** By default, the SDK would use the address of "default", and assume a web identity's role in us-east-1. */
function stsClient({ region, requestHandler, stsEndpoint }: Network) {
  return {
    region,
    requestHandler,
    ignoreConfiguredEndpointUrls: true,
    ...(stsEndpoint !== undefined && { endpoint: stsEndpoint }),
  };
}

function ambient(source: AmbientSource, network: Network, env: Environment): Source {
  switch (source) {
    case "environment":
      return async () => keysOf(env);
    case "web-identity":
      return async () => {
        const { fromTokenFile } = await providers();
        return fromTokenFile({ clientConfig: stsClient(network), ...webIdentityOf(env) })();
      };
    case "container":
      return async () => (await providers()).fromHttp({ maxRetries: 1 })();
    case "instance":
      // One short attempt: on a laptop, nothing responds.
      return async () =>
        (await providers()).fromInstanceMetadata({
          timeout: 500,
          maxRetries: 0,
          ec2MetadataV1Disabled: true,
        })();
    case "none":
      return async () => ({ accessKeyId: "none", secretAccessKey: "none" });
  }
}

function keysOf(env: Environment): Credentials {
  const sessionToken = env["AWS_SESSION_TOKEN"];
  const accountId = env["AWS_ACCOUNT_ID"];
  return {
    accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
    ...(sessionToken && { sessionToken }),
    ...(accountId && { accountId }),
  };
}

function webIdentityOf(env: Environment): {
  webIdentityTokenFile?: string;
  roleArn?: string;
  roleSessionName?: string;
} {
  const {
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ROLE_ARN: roleArn,
    AWS_ROLE_SESSION_NAME: name,
  } = env;
  return {
    ...(file && { webIdentityTokenFile: file }),
    ...(roleArn && { roleArn }),
    ...(name && { roleSessionName: name }),
  };
}

async function askForMfaCode(
  serial: string,
  profile: string,
  context: CliContext,
): Promise<string> {
  const needs = `Profile "${profile}" needs an MFA code from ${serial}`;
  const nobody = whyNobodyIsAsked(context);
  if (nobody !== undefined) throw mfaNeeded(`${needs}, ${nobody}.`);
  const code = (await context.keyboard.ask(`MFA code for ${serial}: `))?.trim() ?? "";
  if (code === "") throw mfaNeeded(`${needs}; none was entered.`);
  return code;
}

function mfaNeeded(message: string): Failure {
  return new Failure("access", "mfa-needed", message, {
    hints: [textHint("Run this in a terminal, or use a profile without MFA.")],
  });
}
