import type { CliContext } from "../../context.ts";
import { localKeyFor } from "../local-keys.ts";
import { checkedRegion } from "./addresses.ts";
import { identityOf, type Identity } from "./choose-identity.ts";
import { serviceAddress } from "./connect.ts";
import { credentialsOf, type Provider } from "./fetch-credentials.ts";
import { RequestHandler } from "./http-handler.ts";
import { configuredEndpoint, endpointsOf } from "./service-addresses.ts";
import type { SharedConfig } from "./shared-config.ts";
import type { SharedCredentials } from "./shared-credentials.ts";
import type { CalledService } from "./signed-call.ts";

/** A place where functions are looked for. */
export interface Place {
  /** Absent for the credentials of the environment. */
  readonly profile?: string;
  readonly region: string;
  /** The address of a service on this machine, which has one place only. */
  readonly endpointUrl?: string;
}

/** The tagging service for a profile and region. Throws access and usage failures. */
export async function taggingServiceOf(
  { profile, region, endpointUrl }: Place,
  files: SharedConfig,
  context: CliContext,
  shared: SharedCredentials,
): Promise<CalledService> {
  const identity = identityOf(
    {
      ...{ environment: "", function: "", protected: false },
      ...(endpointUrl !== undefined && { endpointUrl }),
      profile:
        profile === undefined ? { name: "", from: "convention" } : { name: profile, from: "flag" },
    },
    files,
    context.env,
  );
  const addressOf = endpointsOf(identity, files, context.env);
  const configured = endpointUrl ?? configuredEndpoint(addressOf("resource_groups_tagging_api"));
  const url = new URL(
    configured ?? (await ownAddress(checkedRegion(region, "--regions"), identity)),
  );
  const handler = new RequestHandler(context, 10_000);
  const sts = configuredEndpoint(addressOf("sts"));
  const network = {
    region,
    requestHandler: handler,
    ...(sts !== undefined && { stsEndpoint: sts }),
  };
  const localKey = await localKeyFor(url.href, context);
  const create = (): Provider =>
    credentialsOf(identity, files, network, context, shared.ended.signal, shared.inTurn);
  const provider: Provider =
    localKey === undefined
      ? shared.provider(identity, create)
      : async () => ({ accessKeyId: localKey, secretAccessKey: "local" });
  return { name: "tagging", url: url.href, region, provider, handler, now: context.now };
}

/** The address of the Resource Groups Tagging API is built like that of Lambda in every partition. */
async function ownAddress(region: string, identity: Identity): Promise<string> {
  const url = new URL(await serviceAddress(region, identity));
  url.hostname = url.hostname.replace(/^lambda/, "tagging");
  return url.href;
}
