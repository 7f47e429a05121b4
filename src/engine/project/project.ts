import { existsSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import { errorCode } from "../../system-error.ts";
import { realFileSystem, type FileSystem } from "./file-system.ts";
import {
  entryPath,
  isInside,
  kindOf,
  listOf,
  refuseOutside,
  scanMigrations,
  type Migration,
  type MigrationsPlace,
  type ScannedPlace,
} from "./scan.ts";
import { looksLikeMigration } from "./file-name.ts";
import { readProjectConfig, type ConfigVersion } from "./config.ts";

export type { Migration } from "./scan.ts";

/** The migrations of a Hasura project on disk. */
export interface Project {
  /** The directory that file paths are relative to: for a bare migrations directory its parent. */
  readonly root: string;
  /** The directory of config.yaml and, by default, of the metadata; absent if it is the root. */
  readonly home?: string;
  readonly configVersion: ConfigVersion;
  /** Relative to the root, with forward slashes. */
  readonly migrationsDirectory: string;
  /**
   * Migrations by database, in version order; only databases that have any. Config versions 1 and 2 have one database, called
   * `default` here.
   */
  readonly databases: ReadonlyMap<string, readonly Migration[]>;
  /** Databases of kinds that this environment does not have, with their kinds. */
  readonly leftOut?: ReadonlyMap<string, string>;
  /** The same object for as long as no file has changed; absent where that is not known. */
  readonly contents?: object;
  /** Oddities that do not stop a run, as notices for people. */
  readonly notices: readonly ProjectNotice[];
}

export interface ProjectNotice {
  readonly code: string;
  readonly message: string;
}

/** A project without migrations, such as that of an image into which none were copied. */
export function emptyProject(configVersion: ConfigVersion): Project {
  return {
    root: "",
    configVersion,
    migrationsDirectory: "migrations",
    databases: new Map(),
    notices: [],
  };
}

/** What the only database of config versions 1 and 2 is called. */
export const onlyDatabase = "default";

interface Place extends MigrationsPlace {
  readonly root: string;
  readonly home?: string;
}

/**
 * Reads a project: a directory with `config.yaml`, one with a `migrations` folder, or a migrations directory itself. In the
 * last two cases entries such as `1700000000000_x` mean the layout of config version 2, anything else a folder for each database,
 * as in version 3. File contents are not read, and nothing is written.
 *
 * Throws `usage` failures: `no-directory`, `no-migrations-directory`, `unreadable-directory`, `bad-project-config`,
 * `duplicate-version`, `version-too-large`, `broken-link`, `link-outside-project`, `unreadable-file`.
 */
export async function readProject(
  directory: string,
  fs: FileSystem = realFileSystem,
): Promise<Project> {
  refuseMissing(directory, fs);
  const place = await placeOf(resolve(directory), fs);
  const scanned =
    place.configVersion === 3
      ? perDatabase(place, fs)
      : new Map([[onlyDatabase, scanMigrations(place, fs)]]);
  return {
    root: place.root,
    ...(place.home !== undefined && { home: place.home }),
    configVersion: place.configVersion,
    migrationsDirectory: place.label,
    databases: new Map(
      [...scanned]
        .map(([name, { migrations }]) => [name, migrations] as const)
        .filter(([, migrations]) => migrations.length > 0),
    ),
    notices: noticesOf(place, scanned, fs),
  };
}

/** Throws `usage/no-directory` for a project's directory that does not exist. */
export function refuseMissing(directory: string, fs: FileSystem = realFileSystem): void {
  if (isDirectory(directory, fs)) return;
  throw new Failure("usage", "no-directory", `The directory ${directory} does not exist.`, {
    hints: [
      textHint(
        "Name the directory of a Hasura project (the one with config.yaml), or its migrations directory.",
      ),
    ],
  });
}

/**
 * Where the migrations of a project are, by the rules of `readProject`; with a config.yaml the directory need not exist yet.
 * Throws `usage` failures: `bad-project-config`, `unreadable-directory`.
 */
export async function locateMigrations(
  root: string,
  fs: FileSystem = realFileSystem,
): Promise<{
  readonly directory: string;
  readonly configVersion: ConfigVersion;
  readonly hasConfig: boolean;
}> {
  const config = await readProjectConfig(root, fs);
  if (config)
    return {
      directory: resolve(root, config.migrationsDirectory),
      configVersion: config.version,
      hasConfig: true,
    };
  const inner = join(root, "migrations");
  const directory = isDirectory(inner, fs) ? inner : root;
  const flat = listOf(directory, directory, fs).some((entry) => looksLikeMigration(entry.name));
  return { directory, configVersion: flat ? 2 : 3, hasConfig: false };
}

async function placeOf(root: string, fs: FileSystem): Promise<Place> {
  const { directory, configVersion, hasConfig } = await locateMigrations(root, fs);
  if (!isDirectory(directory, fs))
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
  return {
    ...named(root, directory),
    ...(hasConfig && directory === root && { home: root }),
    configVersion,
    boundaries: boundariesOf(root, directory, fs),
  };
}

/**
 * The directories that links may lead into. A migrations directory configured elsewhere in config.yaml belongs to the project;
 * one reached through a link does not. Throws `usage/link-outside-project`.
 */
function boundariesOf(root: string, directory: string, fs: FileSystem): readonly string[] {
  const boundaries = [fs.realPath(root)];
  if (!isInside(directory, root)) return [...boundaries, fs.realPath(directory)];
  const entry = { name: basename(directory), kind: "link" } as const;
  refuseOutside(entry, directory, { label: directory, boundaries }, fs);
  return boundaries;
}

/** Paths below a bare migrations directory start with its name, so that they still show where a file is. */
function named(root: string, directory: string): Pick<Place, "root" | "directory" | "label"> {
  if (directory === root) return { root: dirname(root), directory, label: basename(root) };
  return {
    root,
    directory,
    label: posix.normalize(relative(root, directory).replaceAll("\\", "/")),
  };
}

function perDatabase(place: Place, fs: FileSystem): Map<string, ScannedPlace> {
  const databases = new Map<string, ScannedPlace>();
  for (const entry of listOf(place.directory, place.label, fs)) {
    const directory = entryPath(place.directory, entry.name);
    const label = `${place.label}/${entry.name}`;
    if (kindOf(entry, directory, label, fs) !== "directory") continue;
    refuseOutside(entry, directory, { ...place, label }, fs);
    const scanned = scanMigrations({ ...place, directory, label }, fs);
    // Without migrations in it, it is one itself, and named as misplaced.
    if (scanned.migrations.length > 0 || !looksLikeMigration(entry.name))
      databases.set(entry.name, scanned);
  }
  return databases;
}

function noticesOf(
  place: Place,
  databases: ReadonlyMap<string, ScannedPlace>,
  fs: FileSystem,
): ProjectNotice[] {
  const notices: ProjectNotice[] = [];
  const scanned = [...databases.values()];
  const misplaced =
    place.configVersion === 3
      ? listOf(place.directory, place.label, fs).filter(
          ({ name }) => looksLikeMigration(name) && !databases.has(name),
        )
      : [];
  if (misplaced[0]) {
    notices.push({
      code: "misplaced-migrations",
      message: `${place.label}/${misplaced[0].name} is ignored: in a project with config version 3 migrations are in ${place.label}/<database>/.`,
    });
  }
  const ignored = scanned.flatMap((found) => found.ignored);
  if (ignored.length > 0)
    notices.push({
      code: "ignored-files",
      message: `Ignored, because they are not named like migrations: ${shortenList(ignored)}. A valid name is 1700000000000_add_users/up.sql.`,
    });
  const empty = scanned.flatMap((found) => found.empty);
  if (empty.length > 0)
    notices.push({
      code: "empty-migrations",
      message: `${String(empty.length)} empty: ${shortenList(empty)} (no SQL in up.sql yet).`,
    });
  if (empty.length === 0 && scanned.every(({ migrations }) => migrations.length === 0))
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

/** A migrations directory without a project is recognised by its migrations, even empty ones. */
function isProject(directory: string, { databases, notices }: Project): boolean {
  const marks = ["config.yaml", "migrations"].map((name) => join(directory, name));
  return (
    marks.some((path) => existsSync(path)) ||
    databases.size > 0 ||
    notices.some(({ code }) => code === "empty-migrations")
  );
}

/**
 * Refuses what was read in a directory that is no project: without this, nothing to check would be no error.
 * @throws Failure usage/no-project
 */
export function refuseNoProject(directory: string, project: Project): void {
  if (isProject(directory, project)) return;
  throw new Failure(
    "usage",
    "no-project",
    `There is no Hasura project in ${directory}: it has neither a config.yaml nor a migrations directory.`,
    { hints: [textHint("Pass the directory of a project.")] },
  );
}
