import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readProject } from "../../engine/project/project.ts";
import { Failure } from "../../protocol/failure.ts";

/** What the embedded environment needs to know of a project. */
export interface ProjectPlace {
  /** As `readProject` takes it, absolute. */
  readonly directory: string;
  /** Where the database is kept between runs: `.hasura-migrate` beside the migrations. */
  readonly stateDirectory: string;
  /** Names of the sources a Hasura of this project has: at least `default`. */
  readonly sources: readonly string[];
}

/**
 * Finds the project of a directory: the directory itself, or a whole project in its `migrations` folder.
 * Throws what `readProject` throws, and usage `no-project` where the working directory holds none.
 * @param given what the person named; absent: the working directory
 */
export async function findProject(cwd: string, given: string | undefined): Promise<ProjectPlace> {
  const named = resolve(cwd, given ?? ".");
  if (
    given === undefined &&
    !["config.yaml", "config.yml", "migrations"].some((entry) => existsSync(join(cwd, entry)))
  ) {
    throw new Failure(
      "usage",
      "no-project",
      `There is no Hasura project in ${cwd}: neither config.yaml nor a migrations directory.`,
      {
        hints: ["hasura-migrate local --migrations DIR"],
      },
    );
  }
  const inner = join(named, "migrations");
  const directory =
    !existsSync(join(named, "config.yaml")) && existsSync(join(inner, "config.yaml"))
      ? inner
      : named;
  const project = await readProject(directory);
  const migrations = resolve(project.root, project.migrationsDirectory);
  const sources = [...project.databases.keys()];
  return {
    directory,
    stateDirectory: join(dirname(migrations), ".hasura-migrate"),
    sources: sources.length > 0 ? sources : ["default"],
  };
}
