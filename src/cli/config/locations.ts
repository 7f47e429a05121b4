import { dirname, join, resolve } from "node:path";
import type { CliContext } from "../context.ts";

/*
 * Where a configuration is looked for. Loaded by every press of Tab as well, so nothing here may load a library at once.
 */

const fileName = "hasura-migrate.json";

/** A file that was named: `--config`, or HASURA_MIGRATE_CONFIG. */
export interface NamedFile {
  readonly path: string;
  readonly as: string;
  readonly by: "--config" | "HASURA_MIGRATE_CONFIG";
}

/** The file that is named, if one is: no other counts then. */
export function namedFile(
  { env, cwd }: Pick<CliContext, "env" | "cwd">,
  flag: string | undefined,
): NamedFile | undefined {
  const as = flag ?? env["HASURA_MIGRATE_CONFIG"];
  if (!as) return undefined;
  const by = flag === undefined ? "HASURA_MIGRATE_CONFIG" : "--config";
  return { path: resolve(cwd, as), as, by };
}

/** A file that may hold the configuration; in a package.json it is the key `hasura-migrate`. */
export interface ConfigLocation {
  readonly path: string;
  readonly kind: "file" | "package";
}

/** From the working directory upwards, the nearest first. */
export function projectLocations(cwd: string): ConfigLocation[] {
  return upwards(cwd).flatMap((directory) => [
    { path: join(directory, fileName), kind: "file" },
    { path: join(directory, "package.json"), kind: "package" },
  ]);
}

function upwards(from: string): string[] {
  const parent = dirname(from);
  return parent === from ? [from] : [from, ...upwards(parent)];
}

/** The user's own file. XDG_CONFIG_HOME is honoured on every platform; env-paths uses it only on Linux. */
export async function userLocation(env: CliContext["env"]): Promise<string> {
  const xdg = env["XDG_CONFIG_HOME"];
  if (xdg) return join(xdg, "hasura-migrate", "config.json");
  const { default: envPaths } = await import("env-paths");
  return join(envPaths("hasura-migrate", { suffix: "" }).config, "config.json");
}
