import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonMap } from "../../metadata/document/json.ts";
import type { ConfigVersion } from "../../engine/project/config.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { Direction, Version } from "../../protocol/migration.ts";

/** One file of a project's copy. */
export interface CopiedFile {
  readonly version: Version;
  readonly name: string;
  readonly direction: Direction;
  /** The file to copy; absent for a version without a file, which is only recorded. */
  readonly from?: string;
}

/** A project with only those files of one database that a command needs. */
export interface CopiedProject {
  readonly configVersion: ConfigVersion;
  /** Absent for commands that belong to no database. */
  readonly database: string | undefined;
  readonly files: readonly CopiedFile[];
  /** Metadata of config version 3, which the CLI reads from a single file: it is sent as it is. */
  readonly metadata?: JsonMap;
  /** The text of a seed, which is written to `seedFile`. */
  readonly seed?: string;
}

/** The name of the only seed of a project's copy. */
export const seedFile = "seed.sql";

/**
 * Where the official CLI may write: it needs a home directory, and creates directories in its project
 * (docs/internals/hasura-protocol.md, "Files it writes").
 */
export interface Workspace {
  readonly home: string;
  /** Runs `use` with the directory of a temporary copy. */
  withProject<T>(project: CopiedProject, use: (directory: string) => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

/** Disables telemetry and the check for newer versions, and the messages about both. */
const globalConfig = {
  uuid: "00000000-0000-4000-8000-000000000000",
  enable_telemetry: false,
  show_update_notification: false,
  cli_environment: "default",
};
/**
 * Content of a file that is not run, because one of 0 bytes counts as absent (docs/internals/hasura-protocol.md,
 * "Empty, duplicate and missing files").
 */
const placeholder = "SELECT 1;\n";

const singleFile = "metadata_directory: metadata\nmetadata_file: metadata.json\n";

/** Creates an empty workspace in a directory. Throws usage/no-temporary-space. */
export async function makeWorkspace(below: string): Promise<Workspace> {
  try {
    const root = await mkdtemp(join(below, "hasura-official-cli-"));
    const home = join(root, "home");
    await mkdir(join(home, ".hasura"), { recursive: true });
    await writeFile(join(home, ".hasura", "config.json"), JSON.stringify(globalConfig));
    return {
      home,
      withProject: (project, use) => withProject(join(root, "project"), project, use),
      remove: () => removeDirectory(root),
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
    await removeDirectory(directory);
  }
}

/** Only the version of the project's `config.yaml` is kept: an endpoint or a secret in it belongs to another environment. */
async function writeProject(
  directory: string,
  { configVersion, database, files, metadata, seed }: CopiedProject,
): Promise<void> {
  const ofDatabase = configVersion === 3 && database !== undefined ? [database] : [];
  const migrations = join(directory, "migrations", ...ofDatabase);
  await mkdir(migrations, { recursive: true });
  await writeFile(
    join(directory, "config.yaml"),
    `version: ${configVersion}\nmigrations_directory: migrations\n${metadata ? singleFile : ""}`,
  );
  if (metadata) await writeFile(join(directory, "metadata.json"), JSON.stringify(metadata));
  if (seed !== undefined) {
    const seeds = join(directory, "seeds", ...ofDatabase);
    await mkdir(seeds, { recursive: true });
    await writeFile(join(seeds, seedFile), seed);
  }
  for (const { version, name, direction, from } of files) {
    const folder = join(migrations, `${version}_${name}`);
    await mkdir(folder, { recursive: true });
    const to = join(folder, `${direction}.sql`);
    await (from === undefined ? writeFile(to, placeholder) : copyFile(from, to));
  }
}

async function removeDirectory(directory: string): Promise<void> {
  // Left-over files do not fail a run that is done.
  await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}

function noSpace(directory: string, cause: unknown): Failure {
  return new Failure(
    "usage",
    "no-temporary-space",
    `The official CLI needs a writable directory, but ${directory} cannot be used.`,
    {
      hints: [textHint("Give the function more ephemeral storage (/tmp).")],
      cause,
    },
  );
}
