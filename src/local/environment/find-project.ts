import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { postgresOnly } from "../../engine/project/local-databases.ts";
import { readProject, type Project } from "../../engine/project/project.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";

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
 * @throws Failure as `readProject` and `postgresOnly` do, and usage/no-project when there is none
 */
export async function findLocalProject(
  cwd: string,
  path: string | undefined,
): Promise<LocalProject> {
  const start = resolve(cwd, path ?? ".");
  if (path === undefined && !marked(start)) throw noProject(start);
  const inner = join(start, "migrations");
  const directory =
    !existsSync(join(start, "config.yaml")) && existsSync(join(inner, "config.yaml"))
      ? inner
      : start;
  const whole = await readProject(directory);
  if (!marked(start) && isUnused(whole)) throw noProject(start, whole.notices);
  const project = await postgresOnly(whole);
  const migrations = resolve(project.root, project.migrationsDirectory);
  const sources = [...project.databases.keys()];
  return {
    directory,
    stateDirectory: join(dirname(migrations), ".hasura-migrate"),
    sources: sources.length > 0 ? sources : ["default"],
  };
}

function marked(directory: string): boolean {
  return ["config.yaml", "config.yml", "migrations"].some((entry) =>
    existsSync(join(directory, entry)),
  );
}

/** A bare migrations directory is known by its migrations alone, also by empty ones. */
function isUnused({ databases, notices }: Project): boolean {
  return databases.size === 0 && notices.every(({ code }) => code !== "empty-migrations");
}

/** `notices` may tell why what is there was not recognised. */
function noProject(directory: string, notices: Project["notices"] = []): Failure {
  return new Failure(
    "usage",
    "no-project",
    `There is no Hasura project in ${directory}: it has neither a config.yaml nor a migrations directory.`,
    {
      hints: [
        ...notices
          .filter(({ code }) => code === "ignored-files")
          .map(({ message }) => textHint(message)),
        retryHint({ with: ["--migrations", "DIR"] }),
      ],
    },
  );
}
