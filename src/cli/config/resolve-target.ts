import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint, type Hint } from "../../protocol/hint.ts";
import { operations, type Operation } from "../../protocol/operations.ts";
import { didYouMean } from "../../did-you-mean.ts";
import { withoutSecrets } from "../options/redact-address.ts";
import { functionReference } from "./parse-function-name.ts";
import type { TaskSettings } from "../connection/task-runner.ts";
import type { LoadedConfig } from "./load.ts";
import type { EnvironmentSettings } from "./schema.ts";

/** Options of the command line about the target; each overrides the configuration. */
export interface TargetFlags {
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly function?: string | undefined;
  readonly endpointUrl?: string | undefined;
  readonly runner?: EnvironmentSettings["runner"];
}

/** Where an environment's function is, as far as it is known without AWS. */
export interface Target {
  readonly environment: string;
  /** Name or ARN. */
  readonly function: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  /** Where `endpointUrl` was set: an option, or the path of the configuration file. */
  readonly endpointFrom?: string;
  readonly protected: boolean;
  /** Where migrations come from; the image if absent. */
  readonly source?: "image" | "local";
  /** Whether the project's metadata is deployed with the migrations. */
  readonly metadata?: boolean;
  /** The tasks that run migrations, if the function does not. */
  readonly task?: TaskSettings;
  readonly profile: {
    readonly name: string;
    /** flag: typed · config: from the configuration file · convention: the environment's own name, if such a profile exists. */
    readonly from: "flag" | "config" | "convention";
  };
}

/** Names of the configured environments. */
export function environmentNames({ config }: LoadedConfig): string[] {
  return Object.keys(config.environments ?? {});
}

/** Names of the configured groups. */
export function groupNames({ config }: LoadedConfig): string[] {
  return Object.keys(config.groups ?? {});
}

/** The convention, for a message. */
export const conventionText =
  "Without a configuration, NAME calls the function hasura-migrate-NAME with the AWS profile NAME.";

/** Where nothing is configured, for a message. */
export const noConfigText = `No environments are configured. Write hasura-migrate.json with hasura-migrate init. ${conventionText}`;

/**
 * An environment's name as a target. Where environments are configured only their names count; otherwise the convention applies:
 * function `hasura-migrate-<env>`, profile `<env>` if it exists. With `"aliases": true` an operation calls the least privileged
 * alias that allows it, unless the function's name already has one. Throws usage failures with a suggestion.
 */
export function resolveTarget(
  environment: string,
  loaded: LoadedConfig,
  flags: TargetFlags,
  operation?: Operation,
): Target {
  checkEnvironmentName(environment, loaded, flags);
  const { defaults = {}, environments = {} } = loaded.config;
  const own = environments[environment] ?? {};
  const settings = { ...defaults, ...own };
  const runner = flags.runner ?? settings.runner;
  const called = functionWithAlias(
    environment,
    { ...settings, function: flags.function ?? settings.function },
    operation,
  );
  const region = flags.region ?? own.region ?? functionReference(called).region ?? defaults.region;
  return {
    environment,
    function: called,
    ...(region !== undefined && { region }),
    ...endpointOf(
      flags.endpointUrl,
      settings.endpointUrl,
      () => originOf(environment, "endpointUrl", loaded)?.file ?? loaded.file,
    ),
    protected: settings.protected ?? false,
    ...filesOf(settings),
    ...(runner === "ecs" && {
      task: taskSettings(environment, { ...defaults.ecs, ...own.ecs }),
    }),
    profile: profileOf(environment, flags.profile, settings.profile),
  };
}

function filesOf({ source, metadata }: EnvironmentSettings): Pick<Target, "source" | "metadata"> {
  return {
    ...(source !== undefined && { source }),
    ...(metadata !== undefined && { metadata }),
  };
}

/** Where a setting of an environment is set. */
export interface Origin {
  readonly file: string;
  /** `defaults.region`, `environments.dev-1.region` */
  readonly key: string;
}

/** Which file sets a key for an environment; undefined where none does. */
export function originOf(
  environment: string,
  key: keyof EnvironmentSettings,
  { originOf: fileOf = () => undefined }: LoadedConfig,
): Origin | undefined {
  for (const path of [
    ["environments", environment, key],
    ["defaults", key],
  ]) {
    const file = fileOf(...path);
    if (file !== undefined) return { file, key: path.join(".") };
  }
  return undefined;
}

/** Where the environment's tasks are, by default as docker/template.yaml names them. */
function taskSettings(
  environment: string,
  {
    cluster = "hasura-migrate-{env}",
    taskDefinition = "hasura-migrate-{env}",
    container = "hasura-migrate",
    logGroup = "/ecs/hasura-migrate-{env}",
    subnets,
    securityGroups,
  }: NonNullable<EnvironmentSettings["ecs"]>,
): TaskSettings {
  const named = (template: string): string => template.replaceAll("{env}", environment);
  return {
    cluster: named(cluster),
    taskDefinition: named(taskDefinition),
    container: named(container),
    logGroup: named(logGroup),
    ...{ subnets, securityGroups },
  };
}

/** The address that was set, and where. */
function endpointOf(
  flag: string | undefined,
  configured: string | undefined,
  fileOf: () => string | undefined,
): Pick<Target, "endpointUrl" | "endpointFrom"> {
  if (flag !== undefined) return { endpointUrl: flag, endpointFrom: "--endpoint-url" };
  return configured === undefined
    ? {}
    : { endpointUrl: configured, endpointFrom: fileOf() ?? "configuration" };
}

/** The name or ARN to invoke, with the alias for the operation where aliases are on and none is named. */
function functionWithAlias(
  environment: string,
  { function: template = "hasura-migrate-{env}", aliases = false }: EnvironmentSettings,
  operation: Operation | undefined,
): string {
  const name = template.replaceAll("{env}", environment);
  return aliases && operation !== undefined && functionReference(name).qualifier === undefined
    ? `${name}:${operations[operation].permission}`
    : name;
}

function checkEnvironmentName(environment: string, loaded: LoadedConfig, flags: TargetFlags): void {
  const names = environmentNames(loaded);
  if (names.length > 0 && !names.includes(environment))
    throw unknownEnvironment(environment, loaded);
  if (!/^[A-Za-z][A-Za-z0-9._-]*$/.test(environment)) {
    throw new Failure(
      "usage",
      "environment-name",
      `"${withoutSecrets(environment)}" is not a valid environment name: start with a letter, followed by letters, digits, dots, dashes or underscores.`,
    );
  }
  if (names.length === 0 && flags.function === undefined && flags.endpointUrl === undefined)
    checkMisspeltLocal(environment);
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

/** The failure for a name that is not configured; by default it suggests the environment that was most likely meant. */
export function unknownEnvironment(
  environment: string,
  loaded: LoadedConfig,
  meant?: { readonly suggestion: string; readonly hints: readonly Hint[] },
): Failure {
  const names = environmentNames(loaded);
  const where = loaded.file === undefined ? "" : ` in ${loaded.file}`;
  const { suggestion, hints } = meant ?? {
    suggestion: didYouMean(environment, [...names, "local"]),
    hints: [],
  };
  return new Failure(
    "usage",
    "environment-unknown",
    `Unknown environment "${withoutSecrets(environment)}"${where}.${suggestion}`,
    { hints: [...hints, textHint(`Environments: ${names.join(", ")}.`)] },
  );
}

/** If any name is a valid environment, a name close to `local` is most likely a typo. */
function checkMisspeltLocal(environment: string): void {
  const suggestion = /^[a-z]+$/i.test(environment) ? didYouMean(environment, ["local"]) : "";
  if (suggestion === "") return;
  const onlyCaseDiffers = environment.toLowerCase() === "local";
  throw new Failure(
    "usage",
    "environment-unknown",
    `Unknown environment "${environment}".${suggestion}`,
    {
      hints: onlyCaseDiffers
        ? []
        : [
            retryHint({
              with: ["--function", `hasura-migrate-${environment}`],
              reason: `if ${environment} is an environment`,
            }),
          ],
    },
  );
}
