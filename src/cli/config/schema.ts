import * as z from "zod";

const profile = z
  .string()
  .min(1)
  .optional()
  .describe("AWS profile, resolved by itself and never through the default chain.");
const region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "is no AWS region such as eu-west-1")
  .optional()
  .describe("AWS region of the function.");
const functionName = z
  .string()
  .regex(/^[A-Za-z0-9_:{}$-]{1,170}$/, "is no name or ARN of a function")
  .optional()
  .describe("Name or ARN of the function; {env} stands for the environment's name.");
const isProtected = z
  .boolean()
  .optional()
  .describe("Ask for the environment's name to be typed before anything changes.");
const endpointUrl = z
  .url("is no URL")
  .optional()
  .describe("Address of the Lambda service, for instance an interface endpoint.");

const useAliases = z
  .boolean()
  .optional()
  .describe(
    "Call the function's alias read, apply or admin, the smallest that allows the operation; its stack has RestrictByOperation=true.",
  );

const settings = {
  profile,
  region,
  function: functionName,
  protected: isProtected,
  endpointUrl,
  aliases: useAliases,
};

export const EnvironmentSettings = z.strictObject(settings);
export type EnvironmentSettings = z.infer<typeof EnvironmentSettings>;

/** The configuration file, `hasura-migrate.json` or the key `hasura-migrate` of package.json. */
export const FileConfig = z.strictObject({
  $schema: z.string().optional(),
  defaults: EnvironmentSettings.optional().describe(
    "What holds for every environment that does not say otherwise.",
  ),
  environments: z
    .record(
      z
        .string()
        .regex(
          /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
          "an environment's name has letters, digits, dots, dashes",
        ),
      EnvironmentSettings,
    )
    .optional()
    .describe("The environments by name."),
});
export type FileConfig = z.infer<typeof FileConfig>;

/** The JSON Schema published with the package, from the same definitions. */
export function configJsonSchema(): object {
  return { ...z.toJSONSchema(FileConfig, { io: "input" }), title: "hasura-migrate configuration" };
}

/** Keys that are allowed at a path of the file, for suggestions. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return path.length === 0 ? Object.keys(FileConfig.shape) : Object.keys(settings);
}
