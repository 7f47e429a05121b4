import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { refuse } from "./usage.mjs";

/**
 * What the deployment file adds to an environment of hasura-migrate.json.
 * @typedef {{
 *   readonly profile?: string,
 *   readonly region?: string,
 *   readonly function?: string,
 *   readonly stack?: string,
 *   readonly parameters?: Readonly<Record<string, string>>,
 * }} EnvironmentPart
 */

/**
 * The deployment file. Paths are absolute.
 * @typedef {{
 *   readonly repositories: readonly string[],
 *   readonly project?: string,
 *   readonly metadata?: string,
 *   readonly certificates?: string,
 *   readonly config?: string,
 *   readonly platform?: string,
 *   readonly profile?: string,
 *   readonly buildArguments: Readonly<Record<string, string>>,
 *   readonly defaults: EnvironmentPart,
 *   readonly environments: Readonly<Record<string, EnvironmentPart>>,
 * }} Deployment
 */

/** @type {Deployment} */
export const emptyDeployment = {
  repositories: [],
  buildArguments: {},
  defaults: {},
  environments: {},
};

const topKeys = ["repository", "project", "metadata", "certificates", "config", "platform"].concat([
  "profile",
  "buildArguments",
  "defaults",
  "environments",
]);
const environmentKeys = ["profile", "region", "function", "stack", "parameters"];

/**
 * Reads and checks a deployment file. Throws a UsageError with every problem in it.
 * @param {string} file
 * @returns {Deployment}
 */
export function readDeployment(file) {
  const problems = new Problems();
  const top = problems.keysOf("", parse(file), topKeys);
  const path = (/** @type {string} */ key) => {
    const value = problems.text(key, top[key]);
    return value === undefined ? {} : { [key]: resolve(dirname(file), value) };
  };
  const text = (/** @type {string} */ key) => {
    const value = problems.text(key, top[key]);
    return value === undefined ? {} : { [key]: value };
  };
  const environments = problems.keysOf("environments", top["environments"] ?? {});
  const deployment = {
    repositories: [top["repository"] ?? []]
      .flat()
      .flatMap((each) => problems.text("repository", each) ?? []),
    ...path("project"),
    ...path("metadata"),
    ...path("certificates"),
    ...path("config"),
    ...text("platform"),
    ...text("profile"),
    buildArguments: problems.texts("buildArguments", top["buildArguments"]),
    defaults: environmentPart(problems, "defaults", top["defaults"] ?? {}),
    environments: Object.fromEntries(
      Object.entries(environments).map(([name, part]) => [
        name,
        environmentPart(problems, `environments.${name}`, part),
      ]),
    ),
  };
  problems.refuse(file);
  return deployment;
}

/** @param {string} file @returns {unknown} */
function parse(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    return refuse(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @param {Problems} problems @param {string} where @param {unknown} value @returns {EnvironmentPart} */
function environmentPart(problems, where, value) {
  const part = problems.keysOf(where, value, environmentKeys);
  const texts = ["profile", "region", "function", "stack"].flatMap((key) => {
    const text = problems.text(`${where}.${key}`, part[key]);
    return text === undefined ? [] : [[key, text]];
  });
  return {
    ...Object.fromEntries(texts),
    parameters: problems.texts(`${where}.parameters`, part["parameters"]),
  };
}

/** Collects what is wrong with a file, so that all of it is reported at once. */
class Problems {
  /** @type {string[]} */
  #found = [];

  /** The value as an object, with only the known keys. @param {string} where @param {unknown} value @param {readonly string[]} [known] */
  keysOf(where, value, known) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#found.push(`${where || "the file"} must be an object`);
      return {};
    }
    /** @type {Record<string, unknown>} */
    const object = { ...value };
    for (const key of Object.keys(object))
      if (known !== undefined && !known.includes(key))
        this.#found.push(
          `${where === "" ? key : `${where}.${key}`}: unknown key. Known keys: ${known.join(", ")}`,
        );
    return object;
  }

  /** @param {string} where @param {unknown} value @returns {string | undefined} */
  text(where, value) {
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "") return value;
    this.#found.push(`${where} must be a string that is not empty`);
    return undefined;
  }

  /** Texts by name; numbers and booleans count as their text, lists as their parts with commas. @param {string} where @param {unknown} value */
  texts(where, value) {
    const entries = Object.entries(value === undefined ? {} : this.keysOf(where, value));
    return Object.fromEntries(
      entries.flatMap(([key, each]) => {
        const parts = Array.isArray(each) ? /** @type {unknown[]} */ (each) : [each];
        if (parts.every((part) => ["string", "number", "boolean"].includes(typeof part)))
          return [[key, parts.map(String).join(",")]];
        this.#found.push(`${where}.${key} must be a string, a number, true or false, or a list`);
        return [];
      }),
    );
  }

  /** @param {string} file */
  refuse(file) {
    if (this.#found.length > 0) refuse(`${file} is not right:\n  ${this.#found.join("\n  ")}`);
  }
}
