import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";
import type { CliContext } from "../context.ts";

const fileName = "hasura-migrate.json";
const PackageKey = z.looseObject({ "hasura-migrate": z.unknown() });

export interface FoundConfig {
  readonly file: string;
  readonly json: unknown;
}

/**
 * The configuration to use: `--config`, HASURA_MIGRATE_CONFIG, then upwards from the working directory (hasura-migrate.json
 * before the key in package.json), then the user's configuration directory. Undefined when there is none.
 * Throws usage failures for a file that was named and does not exist, cannot be read, or is not valid JSON.
 */
export async function findConfig(
  context: CliContext,
  flag: string | undefined,
): Promise<FoundConfig | undefined> {
  const named = flag ?? context.env["HASURA_MIGRATE_CONFIG"];
  if (named) {
    const found = await readConfig(resolve(context.cwd, named));
    if (found) return found;
    const by = flag === undefined ? "HASURA_MIGRATE_CONFIG" : "--config";
    throw new Failure(
      "usage",
      "config-missing",
      `The configuration file ${named} (from ${by}) does not exist.`,
    );
  }
  for (const directory of upwards(context.cwd)) {
    const found =
      (await readConfig(join(directory, fileName))) ??
      (await readPackage(join(directory, "package.json")));
    if (found) return found;
  }
  return readConfig(join(await userDirectory(context), "config.json"));
}

function upwards(from: string): string[] {
  const parent = dirname(from);
  return parent === from ? [from] : [from, ...upwards(parent)];
}

/** XDG_CONFIG_HOME counts on every platform; env-paths uses it on Linux only. */
async function userDirectory(context: CliContext): Promise<string> {
  const xdg = context.env["XDG_CONFIG_HOME"];
  if (xdg) return join(xdg, "hasura-migrate");
  const { default: envPaths } = await import("env-paths");
  return envPaths("hasura-migrate", { suffix: "" }).config;
}

async function readConfig(file: string): Promise<FoundConfig | undefined> {
  const text = await readText(file);
  return text === undefined ? undefined : { file, json: parse(text, file) };
}

async function readPackage(file: string): Promise<FoundConfig | undefined> {
  const text = await readText(file);
  if (text === undefined || !text.includes('"hasura-migrate"')) return undefined;
  const parsed = PackageKey.safeParse(parse(text, file));
  const json = parsed.success ? parsed.data["hasura-migrate"] : undefined;
  // A project that only depends on this package mentions its name, but has no such key.
  return json === undefined ? undefined : { file, json };
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Failure("usage", "config-unreadable", `The configuration ${file} cannot be read.`, {
      cause,
    });
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure("usage", "config-malformed", `The configuration ${file} is not valid JSON.`, {
      cause,
    });
  }
}
