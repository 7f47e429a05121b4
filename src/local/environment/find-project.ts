import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readProject } from "../../engine/project/project.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";

/** What a local environment needs of a project. */
export interface LocalProject {
  /** Absolute; what `readProject` is given. */
  readonly directory: string;
  /** Where the database is kept between runs: `.hasura-migrate` beside the migrations directory. */
  readonly stateDirectory: string;
  /** Names of the sources in this project's Hasura; never empty. */
  readonly sources: readonly string[];
}

/**
 * Finds the project in a directory: the directory itself, or a whole project in its `migrations` folder.
 * @param path relative to `cwd`; absent: `cwd` itself
 * @throws Failure as `readProject` does, and usage/no-project when `cwd` contains none
 */
export async function findLocalProject(
  cwd: string,
  path: string | undefined,
): Promise<LocalProject> {
  const start = resolve(cwd, path ?? ".");
  if (
    path === undefined &&
    !["config.yaml", "config.yml", "migrations"].some((entry) => existsSync(join(cwd, entry)))
  ) {
    throw new Failure(
      "usage",
      "no-project",
      `There is no Hasura project in ${cwd}: it has neither a config.yaml nor a migrations directory.`,
      { hints: [retryHint({ with: ["--migrations", "DIR"] })] },
    );
  }
  const inner = join(start, "migrations");
  const directory =
    !existsSync(join(start, "config.yaml")) && existsSync(join(inner, "config.yaml"))
      ? inner
      : start;
  const project = await readProject(directory);
  const migrations = resolve(project.root, project.migrationsDirectory);
  const sources = [...project.databases.keys()];
  return {
    directory,
    stateDirectory: join(dirname(migrations), ".hasura-migrate"),
    sources: sources.length > 0 ? sources : ["default"],
  };
}
