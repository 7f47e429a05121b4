import * as z from "zod";
import { ruleIds, severities } from "../../lint/rules/rule-ids.ts";
import { isLoopbackHost } from "../connection/loopback.ts";
import { isLoginCut } from "../options/redact-address.ts";

const profile = z
  .string()
  .min(1, "must not be empty")
  .optional()
  .describe("AWS profile. Only this profile is used, never the default credential chain.");
const region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be an AWS region, e.g. eu-west-1")
  .optional()
  .describe("AWS region of the function.");
const functionName = z
  .string()
  .regex(/^[A-Za-z0-9_:{}$-]{1,170}$/, "must be a function name or ARN")
  .optional()
  .describe("Name or ARN of the function; {env} is replaced by the environment's name.");
const protectedFlag = z
  .boolean()
  .optional()
  .describe("Require the environment's name to be typed before anything changes.");
const endpointUrl = z
  .url("must be a URL")
  .refine((address) => isSafeEndpoint(address), {
    error: "must be an https address without user and password (http only for this machine)",
  })
  .optional()
  .describe(
    "Address of the Lambda service, such as a VPC interface endpoint: https, or http on this machine. The first line of the output names it if it is not AWS.",
  );
const useAliases = z
  .boolean()
  .optional()
  .describe(
    "Call the function's alias read, apply, query or admin: the least privileged one that the operation needs. For stacks with RestrictByOperation=true.",
  );

const runner = z
  .enum(["lambda", "ecs"], { error: 'must be "lambda" or "ecs"' })
  .optional()
  .describe(
    "What runs migrations: `lambda`, the function, up to 15 minutes for one migration, or `ecs`, a Fargate task of the same image, without a limit. Seeds always run in the function. Default: `lambda`.",
  );
const ecsName = z
  .string()
  .regex(/^[A-Za-z0-9_:/{}.-]{1,255}$/, "must be a name or an ARN")
  .optional();
const ids = (prefix: string) =>
  z
    .array(
      z
        .string()
        .regex(new RegExp(`^${prefix}-[0-9a-z]+$`), `must be an id such as ${prefix}-0a1b2c3d`),
    )
    .min(1, "must not be empty")
    .optional();
const ecsSettings = z.strictObject({
  cluster: ecsName.describe("Name or ARN of the cluster. Default: `hasura-migrate-{env}`."),
  taskDefinition: ecsName.describe(
    "Family, with or without a revision, or ARN of the task definition. Default: `hasura-migrate-{env}`.",
  ),
  container: ecsName.describe("Name of its container. Default: `hasura-migrate`."),
  logGroup: ecsName.describe("Its log group. Default: `/ecs/hasura-migrate-{env}`."),
  subnets: ids("subnet").describe("Subnets of the task. Default: those of the function."),
  securityGroups: ids("sg").describe(
    "Security groups of the task. Default: those of the function.",
  ),
});
const source = z
  .enum(["image", "local"], { error: 'must be "image" or "local"' })
  .optional()
  .describe(
    "Where migrations come from: `image` uses those in the function's image; `local` uploads those of the project in the working directory, which the function must allow. Default: `image`.",
  );
const metadata = z
  .boolean()
  .optional()
  .describe(
    "Deploy the project's metadata with the migrations: `apply` and `plan` then include it, if the project has any. Default: false.",
  );
const ecs = ecsSettings
  .optional()
  .describe("The ECS task for `runner`; {env} is replaced by the environment's name.");

/** A file that comes with a project must not cause signed requests to be sent in clear text, or to a lookalike host. */
function isSafeEndpoint(address: string): boolean {
  if (!URL.canParse(address)) return true;
  const url = new URL(address);
  if (url.username !== "" || url.password !== "" || isLoginCut(url)) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url));
}

const settings = {
  profile,
  region,
  function: functionName,
  protected: protectedFlag,
  endpointUrl,
  aliases: useAliases,
  runner,
  ecs,
  source,
  metadata,
};

export const EnvironmentSettings = z.strictObject(settings);
export type EnvironmentSettings = z.infer<typeof EnvironmentSettings>;

const lintSettings = {
  rules: z
    .partialRecord(
      z.enum(ruleIds),
      z.enum(severities, { error: `must be one of ${severities.join(", ")}` }),
    )
    .optional()
    .describe("The severity of a rule, instead of its default: off, info, warning or error."),
};

const environmentName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9._-]*$/,
    "must begin with a letter and consist of letters, digits, dots, dashes and underscores",
  );

/** The configuration file, `hasura-migrate.json` or the key `hasura-migrate` of package.json. */
export const FileConfig = z.strictObject({
  $schema: z.string().optional(),
  extends: z
    .string()
    .regex(
      /^(\.{1,2}[\\/]|\/|[A-Za-z]:[\\/]|(@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*(\/|$))/,
      "must be a path such as ./base.json, or an npm package",
    )
    .optional()
    .describe(
      "Another configuration, whose values are used where this one has none: a path from this file, or an npm package.",
    ),
  defaults: EnvironmentSettings.optional().describe(
    "Settings of every environment that does not override them.",
  ),
  environments: z
    .record(environmentName, EnvironmentSettings)
    .optional()
    .describe("The environments by name."),
  lint: z
    .strictObject(lintSettings)
    .optional()
    .describe("What `hasura-migrate lint` warns about; see docs/lint.md."),
  groups: z
    .record(environmentName, z.array(environmentName).min(1, "must name an environment"))
    .optional()
    .describe("Groups of environments, selected with `--group NAME`."),
});
export type FileConfig = z.infer<typeof FileConfig>;

/** The JSON Schema published with the package, from the same definitions. */
export function configJsonSchema(): object {
  return { ...z.toJSONSchema(FileConfig, { io: "input" }), title: "hasura-migrate configuration" };
}

/** Keys allowed at a path of the file, for suggestions. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(FileConfig.shape);
  if (path[0] === "lint") return path.length > 1 ? ruleIds : Object.keys(lintSettings);
  return Object.keys(path.at(-1) === "ecs" ? ecsSettings.shape : settings);
}
