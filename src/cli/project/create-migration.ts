import { mkdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { locateMigrations, readProject } from "../../engine/project/project.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint } from "../../protocol/hint.ts";
import { findProjectAbove, findProjectRoot, noProjectAbove } from "./find-project.ts";
import { isPortableName, migrationDirectoryName } from "./portable-name.ts";
import type { CliContext } from "../context.ts";

/** The parts of a new migration. */
export interface NewMigration {
  readonly name: string;
  readonly database?: string | undefined;
  readonly sql?: string | undefined;
  readonly downSql?: string | undefined;
  /** The project, or where to create one, relative to the working directory. */
  readonly migrations?: string | undefined;
}

/**
 * Creates `<unix milliseconds>_<name>/` with up.sql and down.sql, as the Hasura CLI does
 * (docs/internals/hasura-protocol.md, "Versions" and "Empty, duplicate and missing files").
 * The project is looked for upwards from the working directory; only in the directory of `--migrations` a new one is made.
 * Throws usage failures for an invalid name, no project, and a directory that cannot be created.
 */
export async function createMigration(
  context: CliContext,
  migration: NewMigration,
): Promise<{ version: string; directory: string }> {
  const name = migrationDirectoryName(migration.name, [
    runHint(["new", "add_order_notes"], "describe what it changes, for instance"),
  ]);
  const parent = await parentDirectory(context, migration);
  const version = String(context.now());
  const directory = join(parent, `${version}_${name}`);
  try {
    await mkdir(parent, { recursive: true });
    await mkdir(directory);
    await writeFile(join(directory, "up.sql"), withTrailingNewline(migration.sql));
    await writeFile(join(directory, "down.sql"), withTrailingNewline(migration.downSql));
  } catch (cause) {
    throw notCreated(directory, cause);
  }
  return { version, directory };
}

async function parentDirectory(
  context: CliContext,
  { migrations, database = "default" }: NewMigration,
): Promise<string> {
  if (!isPortableName(database))
    throw new Failure(
      "usage",
      "database-name",
      `"${database}" is not a valid database name: it becomes a directory name, so it cannot contain a slash or consist of dots.`,
    );
  const root =
    migrations === undefined
      ? findProjectAbove(context.cwd, context.home)
      : await namedProject(resolve(context.cwd, migrations));
  if (root === undefined)
    throw noProjectAbove(
      context.cwd,
      retryHint({ with: ["--migrations", "./hasura"], reason: "create one there" }),
    );
  const { directory, configVersion } = await locateMigrations(root);
  return configVersion === 3 ? join(directory, database) : directory;
}

/** The directory of `--migrations`: a project, a bare migrations directory, or where a project is to be created. */
async function namedProject(directory: string): Promise<string> {
  const root = findProjectRoot(directory);
  if (root !== undefined) return root;
  const isNew = basename(directory) !== "migrations" && !(await hasMigrations(directory));
  const place = isNew ? join(directory, "migrations") : directory;
  await create(place);
  return isNew ? directory : place;
}

async function hasMigrations(directory: string): Promise<boolean> {
  if (!existsSync(directory)) return false;
  const { databases, notices } = await readProject(directory);
  return databases.size > 0 || notices.some(({ code }) => code === "empty-migrations");
}

async function create(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw notCreated(directory, cause);
  }
}

function notCreated(directory: string, cause: unknown): Failure {
  return new Failure(
    "usage",
    "migration-directory",
    `The directory ${directory} could not be created.`,
    { cause },
  );
}

function withTrailingNewline(sql = ""): string {
  return sql === "" || sql.endsWith("\n") ? sql : `${sql}\n`;
}
