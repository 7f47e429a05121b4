import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { aws, reasonOf, runProgram } from "./programs.mjs";
import { refuse, step } from "./usage.mjs";

/** @typedef {import("./options.mjs").Options} Options */

/**
 * An environment to deploy.
 * @typedef {{
 *   readonly name: string,
 *   readonly function: string,
 *   readonly alias?: string,
 *   readonly region?: string,
 *   readonly profile?: string,
 *   readonly protected: boolean,
 *   readonly stack: string,
 *   readonly runsTasks: boolean,
 *   readonly parameters: Readonly<Record<string, string>>,
 * }} Environment
 */

/**
 * A line of `hasura-migrate envs --json`.
 * @typedef {{
 *   readonly env: string,
 *   readonly function: string,
 *   readonly region?: string,
 *   readonly profile?: string,
 *   readonly profileFrom?: "config" | "convention",
 *   readonly protected: boolean,
 *   readonly groups?: readonly string[],
 *   readonly task?: object,
 * }} Listed
 */

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Runs hasura-migrate: the one on PATH, else the one that was built here, else the published one of this version.
 * @param {readonly string[]} argv
 * @param {{ readonly timeoutMs?: number }} [limits]
 */
export async function hasuraMigrate(argv, limits) {
  const ended = await runProgram("hasura-migrate", argv, limits);
  if (ended.code !== 127) return ended;
  const built = `${root}/dist/bin.js`;
  if (existsSync(built)) return runProgram(process.execPath, [built, ...argv], limits);
  /** @type {unknown} */
  const json = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  const version = String(Object(json).version);
  return runProgram("npx", ["--yes", `hasura-migrate@${version}`, ...argv], limits);
}

/** The environments that were named, or all. Throws a UsageError. @param {Options} options @returns {Promise<Environment[]>} */
export async function chooseEnvironments(options) {
  const listed = await listEnvironments(options.config);
  const inFile = Object.keys(options.deployment.environments);
  const known = [...listed.keys()];
  const all = inFile.length > 0 ? inFile : known;
  const chosen = [...(options.all ? all : []), ...namedOrInGroup(options, [...listed.values()])];
  if (chosen.length === 0)
    refuse("no environments are configured: there is no hasura-migrate.json");
  const names = [...new Set(chosen)];
  // Without a configuration the convention applies to any name.
  const unknown = known.length > 0 ? names.filter((name) => !known.includes(name)) : [];
  if (unknown.length > 0)
    refuse(
      `hasura-migrate.json has no environment ${unknown.join(", ")}; it has ${known.join(", ")}`,
    );
  const profiles = await listProfiles();
  return names.map((name) => environmentOf(name, listed.get(name), options, profiles));
}

/** @param {Options} options @param {readonly Listed[]} listed @returns {string[]} */
function namedOrInGroup({ names, groups, later }, listed) {
  const membersOf = (/** @type {string} */ group) =>
    listed.filter((each) => each.groups?.includes(group) === true).map(({ env }) => env);
  const unknown = groups.filter((group) => membersOf(group).length === 0);
  if (unknown.length > 0) refuse(`hasura-migrate.json has no group ${unknown.join(", ")}`);
  return [
    ...names,
    ...groups.flatMap(membersOf),
    ...later.flatMap((name) => {
      const members = membersOf(name);
      return members.length > 0 ? members : [name];
    }),
  ];
}

/** @param {string | undefined} config @returns {Promise<Map<string, Listed>>} */
async function listEnvironments(config) {
  const ended = await hasuraMigrate([
    "envs",
    "--json",
    ...(config === undefined ? [] : ["--config", config]),
  ]);
  if (ended.code !== 0)
    refuse(`hasura-migrate envs failed:\n${ended.stderr.trim() || reasonOf(ended)}`);
  const lines = ended.stdout.split("\n").filter((line) => line !== "");
  return new Map(
    lines
      .map((line) => /** @type {Listed} */ (JSON.parse(line)))
      .map(({ profile, ...listed }) => [
        listed.env,
        // A profile of the environment's name is used only if there is one.
        listed.profileFrom === "config" && profile !== undefined ? { ...listed, profile } : listed,
      ]),
  );
}

/** Undefined if the AWS CLI does not say, as its version 1. @returns {Promise<readonly string[] | undefined>} */
async function listProfiles() {
  const { code, stdout } = await aws(["configure", "list-profiles"]);
  return code === 0 ? stdout.split("\n").filter((line) => line !== "") : undefined;
}

/**
 * @param {string} name
 * @param {Listed | undefined} listed
 * @param {Options} options
 * @param {readonly string[] | undefined} profiles
 * @returns {Environment}
 */
function environmentOf(name, listed, { deployment }, profiles) {
  const { defaults, environments } = deployment;
  const own = environments[name];
  const settings = { ...settingsByConvention, ...listed, ...defaults, ...own };
  const fill = (/** @type {string} */ text) => text.replaceAll("{env}", name);
  const { plain, alias, region = settings.region } = functionName(fill(settings.function));
  const profile = usableProfile(name, settings.profile, profiles);
  return {
    name,
    function: plain,
    ...(alias !== undefined && { alias }),
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    protected: settings.protected,
    stack: fill(settings.stack),
    runsTasks: listed?.task !== undefined,
    parameters: { ...defaults.parameters, ...own?.parameters },
  };
}

/** @type {{ function: string, stack: string, protected: boolean, region?: string, profile?: string }} */
const settingsByConvention = {
  function: "hasura-migrate-{env}",
  stack: "hasura-migrate-{env}",
  protected: false,
};

/** A function without its alias: an update applies to $LATEST. @param {string} reference @returns {{ plain: string, alias?: string | undefined, region?: string | undefined }} */
function functionName(reference) {
  const arn = /^(arn:[^:]+:lambda:([^:]+):[^:]*:function:[^:]+)(?::(.+))?$/.exec(reference);
  if (arn !== null) return { plain: arn[1] ?? reference, region: arn[2], alias: arn[3] };
  const [plain = reference, alias] = reference.split(":");
  return { plain, alias };
}

/**
 * As the CLI decides: a profile that does not exist is replaced by the credentials of the environment only in CI, on a machine
 * without profiles, and where the profile is a mere convention.
 * @param {string} name
 * @param {string | undefined} configured
 * @param {readonly string[] | undefined} profiles
 */
function usableProfile(name, configured, profiles) {
  if (configured === undefined) return profiles?.includes(name) ? name : undefined;
  if (profiles === undefined || profiles.includes(configured)) return configured;
  const isCi = !["", "false"].includes(process.env["CI"] ?? "");
  if (!isCi && profiles.length > 0) return configured;
  step(`${name}: there is no AWS profile ${configured}; using the credentials of the environment`);
  return undefined;
}
