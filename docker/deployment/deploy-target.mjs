import { checkEnvironment } from "./check-environment.mjs";
import { updateFunction } from "./functions.mjs";
import { deployStack } from "./stacks.mjs";
import { step } from "./usage.mjs";

/** @typedef {import("./options.mjs").Options} Options */
/** @typedef {import("./report.mjs").Row} Row */
/** @typedef {import("./targets.mjs").Target} Target */

/**
 * Deploys an image to one environment, and checks it.
 * @param {Target} target
 * @param {string | undefined} image by digest; undefined in a dry run without an image yet
 * @param {Options} options
 * @returns {Promise<Row>}
 */
export async function deployTarget(target, image, options) {
  const { environment, location } = target;
  const row = { environment, location };
  const same = image !== undefined && location.digest === image.split("@")[1];
  const unchanged = same ? "has the image" : undefined;
  if (options.dryRun || image === undefined)
    return { ...row, result: unchanged ?? "would be deployed" };
  const failed = same ? undefined : await replaceImage(target, image, options);
  if (failed !== undefined) return { ...row, result: "failed", failure: failed.failure };
  const result = unchanged ?? (options.stacks ? "stack deployed" : "updated");
  if (!options.check) return { ...row, result };
  const checked = await checkEnvironment(environment.name, options.config);
  return "failure" in checked
    ? { ...row, result, check: "failed", failure: checked.failure }
    : { ...row, result, check: checked.summary };
}

/** @param {Target} target @param {string} image @param {Options} options */
async function replaceImage({ environment, location }, image, { stacks, platform }) {
  const { name, alias } = environment;
  // The aliases of the template point to $LATEST, which an update changes.
  if (alias !== undefined && !["read", "apply", "query", "admin"].includes(alias))
    step(`${name}: the alias ${alias} is not moved to the new image`);
  return stacks
    ? deployStack(environment, location, image, platform)
    : updateFunction(environment, image);
}
