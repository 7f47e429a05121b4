import { Failure } from "../../protocol/failure.ts";
import { operations, type Operation } from "../../protocol/operations.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { hasQualifier } from "./qualifier.ts";
import type { LoadedConfig } from "./load.ts";

/** What the command line says about the target; each wins over the configuration. */
export interface TargetFlags {
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly function?: string | undefined;
  readonly endpointUrl?: string | undefined;
}

/** Where an environment is, before AWS was asked anything. */
export interface Target {
  readonly environment: string;
  /** Name or ARN. */
  readonly function: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly protected: boolean;
  readonly profile: {
    readonly name: string;
    /** flag: the person said so · config: a file did · convention: the environment's own name, if such a profile exists. */
    readonly from: "flag" | "config" | "convention";
  };
}

/** Names an environment may be called by: those of the configuration, and the embedded one. */
export function environmentNames({ config }: LoadedConfig): string[] {
  return Object.keys(config.environments ?? {});
}

/** What holds where no environment is configured. */
export const noneConfigured =
  "No environments are configured: any name stands for the function hasura-migrate-<name>, and for the AWS profile of that name.";

/**
 * An environment's name as a target. With a list of environments only its names count; without one the convention holds:
 * function `hasura-migrate-<env>`, profile `<env>` where it exists. With `"aliases": true` an operation leads to the alias for it,
 * unless the function's name says one. Throws usage failures with a suggestion.
 */
export function resolveTarget(
  environment: string,
  loaded: LoadedConfig,
  flags: TargetFlags,
  operation?: Operation,
): Target {
  const names = environmentNames(loaded);
  if (names.length > 0 && !names.includes(environment))
    throw unknownEnvironment(environment, names, loaded.file);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(environment)) {
    throw new Failure(
      "usage",
      "environment-name",
      `"${environment}" cannot be an environment's name: it has letters, digits, dots, dashes and underscores.`,
    );
  }
  if (names.length === 0 && flags.function === undefined && flags.endpointUrl === undefined)
    checkMisspeltLocal(environment);
  const own = loaded.config.environments?.[environment] ?? {};
  const defaults = loaded.config.defaults ?? {};
  const name = (
    flags.function ??
    own.function ??
    defaults.function ??
    "hasura-migrate-{env}"
  ).replaceAll("{env}", environment);
  const aliased =
    (own.aliases ?? defaults.aliases ?? false) && operation !== undefined && !hasQualifier(name);
  const region = flags.region ?? own.region ?? regionOfArn(name) ?? defaults.region;
  const endpointUrl = flags.endpointUrl ?? own.endpointUrl ?? defaults.endpointUrl;
  return {
    environment,
    function: aliased ? `${name}:${operations[operation].permission}` : name,
    ...(region !== undefined && { region }),
    ...(endpointUrl !== undefined && { endpointUrl }),
    protected: own.protected ?? defaults.protected ?? false,
    profile: profileOf(environment, flags.profile, own.profile ?? defaults.profile),
  };
}

function profileOf(
  environment: string,
  flag: string | undefined,
  configured: string | undefined,
): Target["profile"] {
  if (flag !== undefined) return { name: flag, from: "flag" };
  if (configured !== undefined)
    return { name: configured.replaceAll("{env}", environment), from: "config" };
  return { name: environment, from: "convention" };
}

/** The region inside a function's ARN, or undefined for a plain name. */
export function regionOfArn(name: string): string | undefined {
  return /^arn:[^:]+:lambda:([^:]+):/.exec(name)?.[1];
}

function unknownEnvironment(
  environment: string,
  names: readonly string[],
  file: string | undefined,
): Failure {
  const where = file === undefined ? "" : ` in ${file}`;
  return new Failure(
    "usage",
    "environment-unknown",
    `There is no environment "${environment}"${where}.${didYouMean(environment, [...names, "local"])}`,
    {
      hints: [`Environments: ${names.join(", ")}`],
    },
  );
}

/** Where any name will do, one that is nearly `local` is a slip: nobody wants to be asked for the credentials of `locall`. */
function checkMisspeltLocal(environment: string): void {
  const meant = /^[a-z]+$/i.test(environment) ? didYouMean(environment, ["local"]) : "";
  if (meant === "") return;
  throw new Failure(
    "usage",
    "environment-unknown",
    `There is no environment "${environment}".${meant}`,
    {
      hints: [`If it is one: --function hasura-migrate-${environment}`],
    },
  );
}
