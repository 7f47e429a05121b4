import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { emptyDeployment, readDeployment } from "./deployment-file.mjs";
import { refuse } from "./usage.mjs";

/** @typedef {import("./deployment-file.mjs").Deployment} Deployment */

const text = /** @type {const} */ ({ type: "string" });
const texts = /** @type {const} */ ({ type: "string", multiple: true });
const flag = /** @type {const} */ ({ type: "boolean", default: false });

/** docker/deploy describes them. */
const options = {
  repository: texts,
  "create-repository": flag,
  project: text,
  metadata: text,
  certificates: text,
  platform: text,
  commit: text,
  "build-arg": texts,
  rebuild: flag,
  image: texts,
  profile: text,
  "dry-run": flag,
  all: flag,
  group: texts,
  config: text,
  deployment: text,
  stacks: flag,
  "write-policy": flag,
  "no-check": flag,
  concurrency: text,
  function: text,
  "no-update": flag,
};

/**
 * What was typed, with the deployment file.
 * @typedef {ReturnType<typeof readOptions>} Options
 */

/** Throws a UsageError. @param {readonly string[]} argv */
export function readOptions(argv) {
  const [words, later] = splitStages(argv);
  const { values, positionals } = parse(words);
  check(values, positionals);
  const deployment =
    values.deployment === undefined ? emptyDeployment : readDeployment(values.deployment);
  return {
    all: values.all,
    names: [...new Set(positionals)],
    groups: [...new Set(values.group ?? [])],
    later: [...new Set(later)],
    deployment,
    ...imageSource(values, deployment),
    profile: values.profile ?? deployment.profile,
    platform: values.platform ?? deployment.platform ?? "linux/amd64",
    config: values.config ?? deployment.config,
    build: [...buildOptions(values, deployment), ...namedPaths(values, deployment)],
    dryRun: values["dry-run"],
    stacks: values.stacks,
    writePolicy: values["write-policy"],
    check: !values["no-check"],
    concurrency: Number(values.concurrency ?? 10),
  };
}

/**
 * The words of argv without those behind each `--then`, and those. Stages are for running migrations, in the same list of
 * environments: here they are only more of them. As in the CLI, each is an environment or a group, options can be between them,
 * and `--then=staging,prod` names two.
 * @param {readonly string[]} argv
 * @returns {[words: string[], later: string[]]}
 */
function splitStages(argv) {
  /** @type {string[]} */
  const words = [];
  /** @type {string[]} */
  const later = [];
  let behindThen = false;
  let isValue = false;
  for (const word of argv) {
    const isThen = !isValue && (word === "--then" || word.startsWith("--then="));
    /** @type {boolean} */
    const isOption = !isValue && word.startsWith("-");
    if (isThen) later.push(...membersOf(word.slice("--then=".length)));
    else if (behindThen && !isOption && !isValue) later.push(...membersOf(word));
    else words.push(word);
    behindThen ||= word === "--then" && isThen;
    isValue = isOption && takesValue(word);
  }
  return [words, later];
}

/** @param {string} stage */
function membersOf(stage) {
  return stage.split(",").filter((name) => name !== "");
}

/** True for an option that the next word belongs to. @param {string} word */
function takesValue(word) {
  return Object.entries(options).some(
    ([name, { type }]) => type === "string" && word === `--${name}`,
  );
}

/** The images to use, or the repositories to push a new one to. @param {Values} values @param {Deployment} deployment */
function imageSource(values, deployment) {
  const images = values.image ?? [];
  for (const image of images)
    if (!/^[^@]+@sha256:[0-9a-f]{64}$/.test(image))
      refuse(`--image must be an image by digest (…@sha256:…), not "${image}"`);
  const repositories = values.repository ?? deployment.repositories;
  if (images.length === 0 && repositories.length === 0)
    refuse("the image's repository is missing: --repository URI");
  const project = values.project ?? deployment.project ?? "";
  if (images.length === 0 && !existsSync(project))
    refuse(`there is no directory "${project}" (--project)`);
  return { images, repositories };
}

/** @param {readonly string[]} argv */
function parse(argv) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** @typedef {ReturnType<typeof parse>["values"]} Values */

/** @param {Values} values @param {readonly string[]} positionals */
function check(values, positionals) {
  if (values.function !== undefined)
    refuse("--function is for one function; environments have their own");
  if (values["no-update"]) refuse("--no-update builds and pushes only: leave the environments out");
  if (values.all && positionals.length > 0)
    refuse(`--all and names (${positionals.join(", ")}) cannot be combined`);
  if (!values.all && positionals.length === 0 && values.group === undefined)
    refuse("name the environments, or all with --all");
  if (!/^[1-9]\d*$/.test(values.concurrency ?? "1"))
    refuse("--concurrency must be a number of 1 or more");
}

/** What is passed on to the build. @param {Values} values @param {Deployment} deployment */
function buildOptions(values, deployment) {
  const inFile = Object.entries(deployment.buildArguments).map(([key, value]) => `${key}=${value}`);
  return [
    ...(values["create-repository"] ? ["--create-repository"] : []),
    ...(values.rebuild ? ["--rebuild"] : []),
    ...(values["dry-run"] ? ["--dry-run"] : []),
    ...[...inFile, ...(values["build-arg"] ?? [])].flatMap((each) => ["--build-arg", each]),
    ...(values.commit === undefined ? [] : ["--commit", values.commit]),
  ];
}

/** @param {Values} values @param {Deployment} deployment */
function namedPaths(values, deployment) {
  return /** @type {const} */ (["project", "metadata", "certificates"]).flatMap((key) => {
    const value = values[key] ?? deployment[key];
    return value === undefined ? [] : [`--${key}`, value];
  });
}
