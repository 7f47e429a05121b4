import { locateFunction } from "./functions.mjs";
import { locateStack } from "./stacks.mjs";

/** @typedef {import("./environments.mjs").Environment} Environment */
/** @typedef {import("./functions.mjs").Location} Location */
/** @typedef {import("./repository.mjs").Repository} Repository */
/** @typedef {import("./report.mjs").Row} Row */

/**
 * An environment that can be deployed, with the repository of its region.
 * @typedef {{ readonly environment: Environment, readonly location: Location, readonly repository: Repository }} Target
 */

/**
 * @param {Environment} environment
 * @param {{ readonly stacks: boolean }} options
 * @param {readonly Repository[]} repositories
 * @returns {Promise<{ readonly target: Target, readonly failed?: undefined } | { readonly failed: Row, readonly target?: undefined }>}
 */
export async function findTarget(environment, { stacks }, repositories) {
  const location = await (stacks ? locateStack(environment) : locateFunction(environment));
  if ("failure" in location)
    return { failed: { environment, result: "failed", failure: location.failure } };
  const repository = repositories.find(({ region }) => region === location.region);
  if (repository !== undefined) return { target: { environment, location, repository } };
  const regions = repositories.map(({ region }) => region).join(", ");
  const failure = `Lambda needs the image in a repository of its own region, ${location.region}; add one with --repository (now: ${regions})`;
  return { failed: { environment, location, result: "failed", failure } };
}
