import { fileURLToPath } from "node:url";
import { deployTarget } from "./deploy-target.mjs";
import { chooseEnvironments } from "./environments.mjs";
import { readOptions } from "./options.mjs";
import { mapAtMost, runProgram } from "./programs.mjs";
import { describePolicies, preparePolicies } from "./repository-policies.mjs";
import { repositoryOf } from "./repository.mjs";
import { lacksPermission, reportOf, taskNotice } from "./report.mjs";
import { checkParameters } from "./stacks.mjs";
import { findTarget } from "./targets.mjs";
import { step, UsageError } from "./usage.mjs";

/*
 * The part of docker/deploy that is about environments: builds and pushes once (by docker/deploy itself), then updates the
 * function or the stack of each environment, checks it, and prints a table. What fails in one environment does not stop the others.
 */

/** @typedef {import("./options.mjs").Options} Options */
/** @typedef {import("./targets.mjs").Target} Target */

/** @param {readonly string[]} argv @returns {Promise<number>} the exit code */
async function main(argv) {
  const options = readOptions(argv);
  const environments = await chooseEnvironments(options);
  if (options.stacks) checkParameters(environments);
  const repositories = (options.images.length > 0 ? options.images : options.repositories).map(
    repositoryOf,
  );
  const found = await mapAtMost(environments, options.concurrency, (environment) =>
    findTarget(environment, options, repositories),
  );
  const targets = found.flatMap(({ target }) => target ?? []);
  const images = await provideImages(options, targets);
  if (images === undefined) return 1;
  const policies = await preparePolicies(options, targets);
  const rows = await mapAtMost(found, options.concurrency, async ({ target, failed }) =>
    target === undefined
      ? failed
      : deployTarget(target, images.get(target.repository.uri), options),
  );
  process.stderr.write(`\n${reportOf(rows)}\n${options.stacks ? "" : taskNotice(rows)}`);
  if (options.dryRun || rows.some(lacksPermission))
    process.stderr.write(describePolicies(policies));
  for (const image of images.values()) process.stdout.write(`${image}\n`);
  return rows.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

/**
 * Images by repository: those that were named, or else built and pushed; undefined if that failed. In a dry run, a repository
 * may have none yet.
 * @param {Options} options
 * @param {readonly Target[]} targets
 * @returns {Promise<Map<string, string> | undefined>}
 */
async function provideImages(options, targets) {
  const needed = [...new Set(targets.map(({ repository }) => repository.uri))];
  if (needed.length === 0) {
    step("there is no function to deploy to, so nothing is built");
    return new Map();
  }
  const images = options.images.length > 0 ? options.images : await buildAndPush(options, needed);
  return images && new Map(images.map((image) => [repositoryOf(image).uri, image]));
}

/** @param {Options} options @param {readonly string[]} repositories @returns {Promise<string[] | undefined>} */
async function buildAndPush({ platform, profile, build }, repositories) {
  const { code, stdout } = await runProgram(
    fileURLToPath(new URL("../deploy", import.meta.url)),
    [
      ...["--no-update", ...build, "--platform", platform],
      ...(profile === undefined ? [] : ["--profile", profile]),
      ...repositories.flatMap((uri) => ["--repository", uri]),
    ],
    { showStderr: true },
  );
  return code === 0 ? stdout.split("\n").filter((line) => line !== "") : undefined;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  step(error.message);
  process.exitCode = 2;
}
