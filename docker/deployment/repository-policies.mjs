import { aws, awsErrorName, mapAtMost, reasonOf } from "./programs.mjs";
import { policyFor } from "./repository-policy.mjs";
import { step } from "./usage.mjs";

/** @typedef {import("./options.mjs").Options} Options */
/** @typedef {import("./repository.mjs").Repository} Repository */
/** @typedef {import("./targets.mjs").Target} Target */

/**
 * A policy that a repository lacks. `isWhole`: it has the statements of the present one, which could be read.
 * @typedef {{ readonly repository: Repository, readonly text: string, readonly isWhole: boolean }} Policy
 */

/**
 * The policies that repositories lack for functions in other accounts. Writes them if that was asked for.
 * @param {Options} options
 * @param {readonly Target[]} targets
 * @returns {Promise<Policy[]>} those that were not written
 */
export async function preparePolicies(options, targets) {
  const repositories = [...new Set(targets.map(({ repository }) => repository))];
  const policies = await mapAtMost(repositories, 4, async (repository) => {
    const places = targets
      .filter((target) => target.repository === repository)
      .map(({ location }) => location)
      .filter(({ account }) => account !== repository.account);
    return places.length === 0 ? undefined : preparePolicy(options, repository, places);
  });
  return policies.flatMap((policy) => policy ?? []);
}

/**
 * @param {Options} options
 * @param {Repository} repository
 * @param {readonly import("./repository-policy.mjs").Place[]} places
 * @returns {Promise<Policy | undefined>}
 */
async function preparePolicy({ profile, writePolicy, dryRun }, repository, places) {
  const { uri, region, account, name } = repository;
  const call = (/** @type {string} */ command, /** @type {readonly string[]} */ ...more) =>
    aws(["ecr", command, "--registry-id", account, "--repository-name", name, ...more], {
      profile,
      region,
    });
  const present = await call("get-repository-policy", "--query", "policyText", "--output", "text");
  const isWhole =
    present.code === 0 ||
    ["RepositoryPolicyNotFoundException", "RepositoryNotFoundException"].includes(
      awsErrorName(present) ?? "",
    );
  const text = policyFor(present.code === 0 ? present.stdout : undefined, places);
  if (text === undefined) return undefined;
  if (!writePolicy || dryRun) return { repository, text, isWhole };
  // Writing replaces the whole policy, so what cannot be read must not be written.
  const written = isWhole ? await call("set-repository-policy", "--policy-text", text) : present;
  if (written.code === 0) {
    step(`${uri}: wrote its policy`);
    return undefined;
  }
  step(`${uri}: its policy cannot be written: ${reasonOf(written)}`);
  return { repository, text, isWhole };
}

/** @param {readonly Policy[]} policies */
export function describePolicies(policies) {
  return policies
    .map(
      ({ repository: { uri }, text, isWhole }) =>
        (isWhole
          ? `\nThe repository ${uri} needs this policy, so that Lambda in other accounts may pull the image.\n` +
            `Write it with --write-policy, or with aws ecr set-repository-policy:\n`
          : `\nThe policy of the repository ${uri} could not be read. It must contain these statements, so that Lambda in other accounts may pull the image.\n` +
            `Add them to the policy: aws ecr set-repository-policy replaces the whole policy, so these alone would remove all others.\n`) +
        `${text}\n`,
    )
    .join("");
}
