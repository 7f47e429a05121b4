import { aws, awsErrorName, reasonOf } from "./programs.mjs";
import { step } from "./usage.mjs";

/** @typedef {import("./environments.mjs").Environment} Environment */

/**
 * Where an environment's function is, or why it cannot be deployed.
 * @typedef {{
 *   readonly partition: string,
 *   readonly region: string,
 *   readonly account: string,
 *   readonly digest?: string,
 * }} Location `digest` is that of the image the function has
 */

/** @typedef {{ readonly failure: string }} Failed */

/**
 * Looks up the function of an environment.
 * @param {Environment} environment
 * @returns {Promise<Location | Failed>}
 */
export async function locateFunction(environment) {
  const ended = await aws(
    [
      ...["lambda", "get-function-configuration", "--function-name", environment.function],
      ...["--query", "[FunctionArn,PackageType,CodeSha256]", "--output", "text"],
    ],
    environment,
  );
  if (awsErrorName(ended) === "ResourceNotFoundException")
    return {
      failure: `there is no function ${environment.function}: create its stack first (--stacks)`,
    };
  if (ended.code !== 0) return { failure: reasonOf(ended) };
  const [arn = "", type = "", sha = ""] = ended.stdout.trim().split(/\s+/);
  const [, partition, , region, account] = arn.split(":");
  if (partition === undefined || region === undefined || account === undefined)
    return { failure: `AWS gave an unexpected answer for ${environment.function}: ${arn}` };
  if (type !== "Image")
    return { failure: `${environment.function} is not made of an image (${type})` };
  // For an image, Lambda reports its digest in hexadecimal as the checksum of the code.
  return { partition, region, account, digest: `sha256:${sha}` };
}

/**
 * Points the function at the image, and waits until it is served.
 * @param {Environment} environment
 * @param {string} image by digest
 * @returns {Promise<Failed | undefined>}
 */
export async function updateFunction(environment, image) {
  const name = ["--function-name", environment.function];
  step(`${environment.name}: updating ${environment.function}`);
  for (let left = 4; ; left--) {
    const ended = await aws(
      ["lambda", "update-function-code", ...name, "--image-uri", image, "--output", "json"],
      environment,
    );
    if (ended.code === 0) break;
    if (left === 0 || awsErrorName(ended) !== "ResourceConflictException")
      return { failure: reasonOf(ended) };
    step(`${environment.name}: another update is in progress; waiting for it`);
    await aws(["lambda", "wait", "function-updated", ...name], environment);
  }
  // function-updated-v2 would need lambda:GetFunction, which also returns the code.
  const waited = await aws(["lambda", "wait", "function-updated", ...name], environment);
  if (waited.code === 0) return undefined;
  const asked = await aws(
    [
      ...["lambda", "get-function-configuration", ...name],
      ...["--query", "LastUpdateStatusReason", "--output", "text"],
    ],
    environment,
  );
  return { failure: `the function did not take the image: ${reasonOf(asked)}` };
}
