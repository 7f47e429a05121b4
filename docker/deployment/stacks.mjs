import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { aws, reasonOf } from "./programs.mjs";
import { templateParameters } from "./template-parameters.mjs";
import { refuse, step } from "./usage.mjs";

/** @typedef {import("./environments.mjs").Environment} Environment */
/** @typedef {import("./functions.mjs").Location} Location */
/** @typedef {import("./functions.mjs").Failed} Failed */

const templateFile = fileURLToPath(new URL("../template.yaml", import.meta.url));

/** What docker/deploy itself knows about a stack. */
const ownParameters = ["Environment", "ImageUri", "Architecture"];

/**
 * Throws a UsageError for parameters that the template does not have, that docker/deploy sets itself, or that are missing.
 * @param {readonly Environment[]} environments
 */
export function checkParameters(environments) {
  const known = templateParameters(readFileSync(templateFile, "utf8"));
  const problems = environments.flatMap(({ name, function: called, parameters }) => {
    const names = Object.keys(parameters);
    const required = [...known].filter(([, { required }]) => required).map(([key]) => key);
    const missing = required.filter((key) => !ownParameters.includes(key) && !names.includes(key));
    const named = called.split(":").at(-1);
    return [
      ...names.filter((key) => !known.has(key)).map((key) => `the template has no ${key}`),
      ...names.filter((key) => ownParameters.includes(key)).map((key) => `${key} is set by deploy`),
      ...missing.map((key) => `${key} is missing`),
      ...(named === `hasura-migrate-${name}`
        ? []
        : [`the stack's function is hasura-migrate-${name}, but the environment calls ${called}`]),
    ].map((problem) => `${name}: ${problem}`);
  });
  if (problems.length > 0)
    refuse(`the parameters of the stacks are not right:\n  ${problems.join("\n  ")}`);
}

/**
 * Where the environment's stack will be.
 * @param {Environment} environment
 * @returns {Promise<Location | Failed>}
 */
export async function locateStack(environment) {
  const asked = await aws(
    ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"],
    environment,
  );
  if (asked.code !== 0) return { failure: reasonOf(asked) };
  const [, partition = "aws", , , account = ""] = asked.stdout.trim().split(":");
  const region = environment.region ?? (await configuredRegion(environment));
  if (region === "")
    return { failure: `no AWS region: set "region" in hasura-migrate.json or in the profile` };
  return { partition, region, account };
}

/** @param {Environment} environment */
async function configuredRegion({ profile }) {
  const { stdout } = await aws(["configure", "get", "region"], { profile });
  return stdout.trim();
}

/**
 * Creates or updates the stack.
 * @param {Environment} environment
 * @param {Location} location
 * @param {string} image
 * @param {string} platform
 * @returns {Promise<Failed | undefined>}
 */
export async function deployStack(environment, { region }, image, platform) {
  const { name, profile, stack } = environment;
  step(`${name}: deploying the stack ${stack}`);
  const parameters = Object.entries({
    Protected: String(environment.protected),
    ...environment.parameters,
    Environment: name,
    ImageUri: image,
    Architecture: platform.endsWith("arm64") ? "arm64" : "x86_64",
  });
  const ended = await aws(
    [
      ...["cloudformation", "deploy", "--stack-name", stack, "--template-file", templateFile],
      ...["--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset"],
      ...["--parameter-overrides", ...parameters.map(([key, value]) => `${key}=${value}`)],
    ],
    { profile, region },
  );
  if (ended.code === 0) return undefined;
  // Without this message nothing was started, and the events are those of an earlier operation.
  const hasRun = ended.stderr.includes("Failed to create/update the stack");
  const failed = hasRun ? await firstFailedResource(stack, { profile, region }) : undefined;
  return { failure: failed ?? reasonOf(ended) };
}

/**
 * The resource that made the stack's last operation fail, and why: the first that failed, as the others are only cancelled.
 * @param {string} stack
 * @param {{ readonly profile: string | undefined, readonly region: string }} target
 */
async function firstFailedResource(stack, target) {
  const { code, stdout } = await aws(
    [
      ...["cloudformation", "describe-stack-events", "--stack-name", stack],
      ...["--query", "StackEvents[].[ResourceStatus,LogicalResourceId,ResourceStatusReason]"],
      ...["--output", "text"],
    ],
    target,
  );
  if (code !== 0) return undefined;
  // The newest first. An operation begins with an event of the stack itself.
  const events = stdout.split("\n").map((line) => line.split("\t"));
  const begin = events.findIndex(([, , reason]) => reason === "User Initiated");
  const failed = (begin === -1 ? events : events.slice(0, begin)).findLast(
    ([status = ""]) => status === "CREATE_FAILED" || status === "UPDATE_FAILED",
  );
  return failed === undefined ? undefined : `${failed[1] ?? ""}: ${failed[2] ?? ""}`;
}
