import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { decodeText } from "../../decode-text.ts";
import { findProjectAbove, findProjectRoot } from "../project/find-project.ts";
import { extendedFile } from "../config/extended-file.ts";
import { namedFile, projectLocations, userLocation } from "../config/locations.ts";
import type { Candidate } from "./requested-words.ts";

/*
 * Names on this machine, for completion. Whatever cannot be read counts as empty: a shell that completes has nowhere to show an
 * error. The files are read without their schemas, which would take longer to load than everything here together.
 */

/** Where names are looked for. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
}

export interface ConfiguredNames {
  readonly environments: readonly Candidate[];
  readonly groups: readonly Candidate[];
}

/** The environments and groups of the configuration that a command here would use. */
export async function configuredNames(
  surroundings: Surroundings,
  configFlag: string | undefined,
): Promise<ConfiguredNames> {
  const config = await readConfig(surroundings, configFlag);
  const environments = Object.entries(recordOf(config["environments"]));
  const groups = Object.entries(recordOf(config["groups"]));
  return {
    environments: [
      ...environments.map(([word, settings]) => ({
        word,
        ...(isRecord(settings) && settings["protected"] === true && { what: "protected" }),
      })),
      { word: "local", what: "the embedded environment on this machine" },
    ],
    groups: groups.map(([word, members]) => ({
      word,
      what: Array.isArray(members)
        ? members.filter((name) => typeof name === "string").join(", ")
        : "",
    })),
  };
}

/** The configuration with what it extends, as far as names go. */
async function readConfig(
  surroundings: Surroundings,
  flag: string | undefined,
): Promise<FoundNames["config"]> {
  let next = await nearestConfig(surroundings, flag);
  const files: string[] = [];
  let environments: Record<string, unknown> = {};
  let groups: Record<string, unknown> = {};
  while (next && !files.includes(next.file)) {
    const { file, config } = next;
    files.push(file);
    environments = { ...recordOf(config["environments"]), ...environments };
    groups = { ...recordOf(config["groups"]), ...groups };
    next = extendedBy(file, config["extends"]);
  }
  return { environments, groups };
}

interface FoundNames {
  readonly file: string;
  readonly config: Record<string, unknown>;
}

async function nearestConfig(
  { env, cwd }: Surroundings,
  flag: string | undefined,
): Promise<FoundNames | undefined> {
  const named = namedFile({ env, cwd }, flag);
  if (named) return found(named.path, jsonOf(named.path));
  for (const { path, kind } of projectLocations(cwd)) {
    const json = jsonOf(path);
    const config = kind === "file" ? json : json?.["hasura-migrate"];
    if (isRecord(config)) return { file: path, config };
  }
  const own = await userLocation(env);
  return found(own, jsonOf(own));
}

function extendedBy(file: string, reference: unknown): FoundNames | undefined {
  if (typeof reference !== "string") return undefined;
  const extended = extendedFile(file, reference);
  return extended.kind === "file" ? found(extended.path, jsonOf(extended.path)) : undefined;
}

function found(file: string, config: Record<string, unknown> | undefined): FoundNames | undefined {
  return config && { file, config };
}

/** AWS profiles, and the regions that they name. */
export function awsNames({ env, home }: Surroundings): {
  readonly profiles: readonly Candidate[];
  readonly regions: readonly Candidate[];
} {
  const config = textOf(env["AWS_CONFIG_FILE"] ?? join(home, ".aws", "config"));
  const credentials = textOf(
    env["AWS_SHARED_CREDENTIALS_FILE"] ?? join(home, ".aws", "credentials"),
  );
  const profiles = [
    ...headings(config).flatMap((heading) => profileOf(heading) ?? []),
    ...headings(credentials),
  ];
  const regions = [...config.matchAll(/^\s*region\s*=\s*(\S+)/gm)].map(([, region = ""]) => region);
  return { profiles: unique(profiles), regions: unique(regions) };
}

function headings(text: string): string[] {
  return [...text.matchAll(/^\s*\[([^\]]+)\]/gm)].map(([, heading = ""]) => heading.trim());
}

/** The profile of a heading of the configuration file; other sections have none. */
function profileOf(heading: string): string | undefined {
  if (heading === "default") return heading;
  const name = /^profile\s+(.+)$/.exec(heading)?.[1];
  return name?.replace(/^(["'])(.*)\1$/, "$2");
}

/** Versions of the project in the working directory, or in the directory that `--migrations` names; the newest first. */
export function versions(
  { cwd, home }: Surroundings,
  migrations: string | undefined,
): readonly Candidate[] {
  const root =
    migrations === undefined
      ? findProjectAbove(cwd, home)
      : findProjectRoot(resolve(cwd, migrations));
  if (root === undefined) return [];
  const folder = join(root, "migrations");
  const names = namesIn(folder).flatMap((name) =>
    isMigration(name) ? [name] : namesIn(join(folder, name)).filter(isMigration),
  );
  return [...new Set(names)]
    .map((name) => ({ version: /^\d+/.exec(name)?.[0] ?? "", name }))
    .sort((a, b) => Number(b.version) - Number(a.version))
    .map(({ version, name }) => ({
      word: version,
      what: name.slice(version.length + 1).replace(/\.(up|down)\.sql$/, ""),
    }));
}

function isMigration(name: string): boolean {
  return /^\d+(_|$)/.test(name);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** More than any configuration has; anything larger would be waited for. */
const mostBytes = 1_000_000;

function textOf(file: string): string {
  try {
    // Neither a pipe nor a device, on which reading would wait.
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > mostBytes) return "";
    return decodeText(readFileSync(file)).text ?? "";
  } catch {
    return "";
  }
}

function jsonOf(file: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(textOf(file));
    return isRecord(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function unique(words: readonly string[]): Candidate[] {
  return [...new Set(words)].map((word) => ({ word }));
}
