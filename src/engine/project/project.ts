import { basename, dirname, join, posix, relative, resolve } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import { realFileSystem, type FileSystem } from "./file-system.ts";
import { kindOf, listOf, scanMigrations, type Migration } from "./scan.ts";
import { looksLikeMigration } from "./file-name.ts";
import { readProjectConfig, type ConfigVersion } from "./config.ts";

export type { Migration } from "./scan.ts";

/** The migrations of a Hasura project on disk. */
export interface Project {
  /** The directory that file paths are relative to: for a bare migrations directory its parent. */
  readonly root: string;
  readonly configVersion: ConfigVersion;
  /** Relative to the root, with forward slashes. */
  readonly migrationsDirectory: string;
  /**
   * Migrations by database, in version order; only databases that have any. Config versions 1 and 2 have one database, called
   * `default` here.
   */
  readonly databases: ReadonlyMap<string, readonly Migration[]>;
  /** Oddities that do not stop a run, for a person to read. */
  readonly notices: readonly ProjectNotice[];
}

export interface ProjectNotice {
  readonly code: string;
  readonly message: string;
}

/** What the only database of config versions 1 and 2 is called. */
export const onlyDatabase = "default";

interface Place {
  readonly root: string;
  readonly directory: string;
  readonly label: string;
  readonly configVersion: ConfigVersion;
}

/**
 * Reads a project: a directory with `config.yaml`, one with a `migrations` folder, or a migrations directory itself. In the
 * last two cases entries such as `1700000000000_x` mean the layout of config version 2, anything else a folder for each database,
 * as in version 3. File contents are not read, and nothing is written.
 *
 * Throws `usage` failures: `no-directory`, `no-migrations-directory`, `unreadable-directory`, `bad-project-config`,
 * `duplicate-version`, `version-too-large`, `broken-link`, `unreadable-file`.
 */
export async function readProject(
  directory: string,
  fs: FileSystem = realFileSystem,
): Promise<Project> {
  if (!isDirectory(directory, fs)) {
    throw new Failure("usage", "no-directory", `There is no directory ${directory}.`, {
      hints: [
        textHint(
          "Give the directory of a Hasura project (with config.yaml in it), or its migrations directory.",
        ),
      ],
    });
  }
  const place = await placeOf(resolve(directory), fs);
  const databases = place.configVersion === 3 ? perDatabase(place, fs) : onlyOne(place, fs);
  return {
    root: place.root,
    configVersion: place.configVersion,
    migrationsDirectory: place.label,
    databases,
    notices: noticesOf(place, databases, fs),
  };
}

async function placeOf(root: string, fs: FileSystem): Promise<Place> {
  const config = await readProjectConfig(root, fs);
  if (config) {
    const directory = resolve(root, config.migrationsDirectory);
    if (!isDirectory(directory, fs)) {
      throw new Failure(
        "usage",
        "no-migrations-directory",
        `The project ${root} has no migrations: there is no directory ${directory}.`,
        {
          hints: [
            textHint(`Create it, or correct migrations_directory in ${join(root, "config.yaml")}.`),
          ],
        },
      );
    }
    return { ...named(root, directory), configVersion: config.version };
  }
  const inner = join(root, "migrations");
  const directory = isDirectory(inner, fs) ? inner : root;
  const flat = listOf(directory, directory, fs).some((entry) => looksLikeMigration(entry.name));
  return { ...named(root, directory), configVersion: flat ? 2 : 3 };
}

/** Paths below a bare migrations directory start with its name, so that they still tell where a file is. */
function named(root: string, directory: string): Omit<Place, "configVersion"> {
  if (directory === root) return { root: dirname(root), directory, label: basename(root) };
  return {
    root,
    directory,
    label: posix.normalize(relative(root, directory).replaceAll("\\", "/")),
  };
}

function onlyOne(place: Place, fs: FileSystem): Map<string, Migration[]> {
  const migrations = scanMigrations(place, fs);
  return new Map(migrations.length > 0 ? [[onlyDatabase, migrations]] : []);
}

function perDatabase(place: Place, fs: FileSystem): Map<string, Migration[]> {
  const databases = new Map<string, Migration[]>();
  for (const entry of listOf(place.directory, place.label, fs)) {
    const directory = join(place.directory, entry.name);
    const label = `${place.label}/${entry.name}`;
    if (kindOf(entry, directory, label, fs) !== "directory") continue;
    const migrations = scanMigrations({ directory, label, configVersion: 3 }, fs);
    if (migrations.length > 0) databases.set(entry.name, migrations);
  }
  return databases;
}

function noticesOf(
  place: Place,
  databases: ReadonlyMap<string, unknown>,
  fs: FileSystem,
): ProjectNotice[] {
  const notices: ProjectNotice[] = [];
  const misplaced =
    place.configVersion === 3
      ? listOf(place.directory, place.label, fs).filter(({ name }) => looksLikeMigration(name))
      : [];
  if (misplaced[0]) {
    notices.push({
      code: "misplaced-migrations",
      message: `${place.label}/${misplaced[0].name} is ignored: in a project of config version 3 migrations are in ${place.label}/<database>/.`,
    });
  }
  if (databases.size === 0)
    notices.push({
      code: "no-migrations",
      message: `There are no migrations in ${place.directory}.`,
    });
  return notices;
}

function isDirectory(path: string, fs: FileSystem): boolean {
  try {
    return fs.stat(path).kind === "directory";
  } catch (cause) {
    const code = errorCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw new Failure("usage", "unreadable-directory", `The directory ${path} cannot be read.`, {
      cause,
    });
  }
}
