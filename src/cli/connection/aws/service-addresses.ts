import type { Environment } from "../../context.ts";
import { checkedEndpoint, type Address } from "./addresses.ts";
import type { Identity } from "./choose-identity.ts";
import { endpointOf, type SharedConfig } from "./shared-config.ts";

/** The services that are called, by their names in the AWS configuration file, each with an address. */
const examples = {
  lambda: "https://lambda.eu-west-1.amazonaws.com",
  ecs: "https://ecs.eu-west-1.amazonaws.com",
  cloudwatch_logs: "https://logs.eu-west-1.amazonaws.com",
  sts: "https://sts.eu-west-1.amazonaws.com",
  sso: "https://portal.sso.eu-west-1.amazonaws.com",
  sso_oidc: "https://oidc.eu-west-1.amazonaws.com",
  signin: "https://eu-west-1.signin.aws.amazon.com",
  resource_groups_tagging_api: "https://tagging.eu-west-1.amazonaws.com",
} as const;
export type Service = keyof typeof examples;

/** Where each service's configured address is looked for: the variables first, then the profile. */
export function endpointsOf(
  identity: Identity,
  files: SharedConfig,
  env: Environment,
): (service: Service) => Address | undefined {
  const profile = identity.kind === "profile" ? identity.profile : undefined;
  return (service) => {
    const example = examples[service];
    if (env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true") return undefined;
    for (const from of [variableOf(service), "AWS_ENDPOINT_URL"]) {
      const url = env[from];
      if (url) return { url, from, example };
    }
    const url = endpointOf(files, profile, service);
    return url === undefined
      ? undefined
      : { url, from: `profile "${profile}": endpoint_url`, example };
  };
}

/** The address that is configured for a service, checked. Throws `usage/address-invalid`. */
export function configuredEndpoint(address: Address | undefined): string | undefined {
  return address === undefined ? undefined : checkedEndpoint(address);
}

/** The clients of these find their own addresses: credential providers accept no address for a single service. */
export const ownAddress = ["sso", "sso_oidc", "signin"] as const;

/**
 * True where what those clients find is what counts: a variable, or the profile that the SDK looks at. Anything else would be the
 * address of another profile, most often of `default`.
 */
export function findTheirOwnAddress(profile: string, env: Environment): boolean {
  const names = ["AWS_ENDPOINT_URL", ...ownAddress.map(variableOf)];
  return names.some((name) => env[name]) || profile === (env["AWS_PROFILE"] || "default");
}

function variableOf(service: Service): string {
  return `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
}
