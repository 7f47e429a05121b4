import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigVersion } from "../../engine/project/config.ts";
import { Failure } from "../../protocol/failure.ts";
import type { Direction, Version } from "../../protocol/migration.ts";

/** One file of a project's copy. */
export interface CopiedFile {
  readonly version: Version;
  readonly name: string;
  readonly direction: Direction;
  /** Where it is copied from; absent for a version whose file is not here and is not to be run. */
  readonly from?: string;
}

/** A project with the files of one database that a command is to see, and no others. */
export interface CopiedProject {
  readonly configVersion: ConfigVersion;
  readonly database: string;
  readonly files: readonly CopiedFile[];
}

/**
 * Where the official CLI may write: it needs a home, and makes directories in its project
 * (docs/internals/hasura-protocol.md, "Files it writes").
 */
export interface Workspace {
  readonly home: string;
  /** Runs `use` with the directory of a copy that exists only meanwhile. */
  withProject<T>(project: CopiedProject, use: (directory: string) => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

/** With it the CLI neither reports its use nor looks for a newer version, and does not say in every run that it would. */
const globalConfig = {
  uuid: "00000000-0000-4000-8000-000000000000",
  enable_telemetry: false,
  show_update_notification: false,
  cli_environment: "default",
};
/**
 * Makes the file exist: one of 0 bytes would count as absent (docs/internals/hasura-protocol.md,
 * "Empty, duplicate and missing files"). Only ever used where nothing is run.
 */
const placeholder = "SELECT 1;\n";

/** Makes an empty workspace below a directory. Throws usage/no-temporary-space. */
export async function makeWorkspace(below: string): Promise<Workspace> {
  try {
    const root = await mkdtemp(join(below, "hasura-official-cli-"));
    const home = join(root, "home");
    await mkdir(join(home, ".hasura"), { recursive: true });
    await writeFile(join(home, ".hasura", "config.json"), JSON.stringify(globalConfig));
    return {
      home,
      withProject: (project, use) => withProject(join(root, "project"), project, use),
      remove: () => removed(root),
    };
  } catch (cause) {
    throw noSpace(below, cause);
  }
}

async function withProject<T>(
  directory: string,
  project: CopiedProject,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  try {
    try {
      await writeProject(directory, project);
    } catch (cause) {
      throw noSpace(directory, cause);
    }
    return await use(directory);
  } finally {
    await removed(directory);
  }
}

/** Of the project's own `config.yaml` only its version is kept: an endpoint or a secret in it is another environment's. */
async function writeProject(
  directory: string,
  { configVersion, database, files }: CopiedProject,
): Promise<void> {
  const migrations = join(directory, "migrations", ...(configVersion === 3 ? [database] : []));
  await mkdir(migrations, { recursive: true });
  await writeFile(
    join(directory, "config.yaml"),
    `version: ${configVersion}\nmigrations_directory: migrations\n`,
  );
  for (const { version, name, direction, from } of files) {
    const folder = join(migrations, `${version}_${name}`);
    await mkdir(folder, { recursive: true });
    const to = join(folder, `${direction}.sql`);
    await (from === undefined ? writeFile(to, placeholder) : copyFile(from, to));
  }
}

async function removed(directory: string): Promise<void> {
  // What cannot be removed stays for the next start of the function: no reason to fail a run that is done.
  await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}

function noSpace(directory: string, cause: unknown): Failure {
  return new Failure(
    "usage",
    "no-temporary-space",
    `The official CLI needs a directory it can write to, and ${directory} cannot be used.`,
    {
      hints: ["give the function more ephemeral storage (/tmp)"],
      cause,
    },
  );
}
