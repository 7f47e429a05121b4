import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { readProject, type Migration, type Project } from "../../engine/project/project.ts";
import { squashedFiles } from "../../engine/project/squash.ts";
import { unknownDatabase } from "../../engine/project/unknown-database.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint } from "../../protocol/hint.ts";
import {
  compareVersions,
  largestVersion,
  migrationLabel,
  type Version,
} from "../../protocol/migration.ts";
import type { CliContext } from "../context.ts";
import { findProjectAbove, noProjectAbove } from "./find-project.ts";
import { migrationDirectoryName } from "./portable-name.ts";

export interface SquashRequest {
  readonly from: Version;
  readonly to?: Version | undefined;
  readonly name: string;
  readonly database?: string | undefined;
  readonly migrations?: string | undefined;
  readonly withoutDown: boolean;
  /** Remove the files of the parts. */
  readonly delete: boolean;
}

export interface Squashed {
  readonly version: Version;
  readonly directory: string;
  readonly parts: readonly Migration[];
  readonly notices: readonly string[];
}

/**
 * Writes one migration that does the same as a range of migrations and, with `delete`, removes those. Throws usage failures, before
 * anything is written: for an invalid name, an unknown version, and migrations that cannot be squashed.
 */
export async function squashMigrations(
  context: Pick<CliContext, "cwd" | "home">,
  request: SquashRequest,
): Promise<Squashed> {
  const name = migrationDirectoryName(request.name);
  const project = await projectFor(context, request);
  const { database, migrations } = databaseOf(project, request.database);
  const parts = rangeOf(migrations, request, database);
  const files = await squashedFiles(parts, { withoutDown: request.withoutDown });
  const version = await versionAfter(parts, migrations);
  const directory = join(parentOf(project, database), `${version}_${name}`);
  await write(directory, files);
  if (request.delete) for (const part of parts) await remove(part, project.root);
  return { version, directory, parts, notices: files.notices };
}

async function projectFor(
  { cwd, home }: Pick<CliContext, "cwd" | "home">,
  { migrations }: SquashRequest,
): Promise<Project> {
  if (migrations !== undefined) return readProject(resolve(cwd, migrations));
  const root = findProjectAbove(cwd, home);
  if (root !== undefined) return readProject(root);
  throw noProjectAbove(
    cwd,
    retryHint({ with: ["--migrations", "./hasura"], reason: "name its directory" }),
  );
}

function databaseOf(
  { databases }: Project,
  requested: string | undefined,
): { readonly database: string; readonly migrations: readonly Migration[] } {
  const [only, other] = databases;
  if (requested === undefined && only && other)
    throw new Failure(
      "usage",
      "database-needed",
      `There are several databases (${[...databases.keys()].join(", ")}): choose one.`,
      { hints: [...databases.keys()].map((name) => retryHint({ with: ["--database", name] })) },
    );
  const database = requested ?? only?.[0] ?? "default";
  const migrations = databases.get(database);
  if (migrations) return { database, migrations };
  throw unknownDatabase(database, { in: "the project", names: [...databases.keys()] });
}

/** The migrations from one version to another, or to the last. */
function rangeOf(
  migrations: readonly Migration[],
  { from, to }: SquashRequest,
  database: string,
): readonly Migration[] {
  for (const version of [from, to])
    if (version !== undefined && !migrations.some((each) => each.version === version))
      throw new Failure(
        "usage",
        "unknown-version",
        `The project has no version ${version} in ${database}.`,
      );
  return migrations.filter(
    ({ version }) =>
      compareVersions(version, from) >= 0 &&
      (to === undefined || compareVersions(version, to) <= 0),
  );
}

/** The version after that of the last part, so that the order stays the same. */
async function versionAfter(
  parts: readonly Migration[],
  all: readonly Migration[],
): Promise<Version> {
  const last = parts.at(-1);
  if (last === undefined) throw new Error("a range has at least its first version");
  const next = BigInt(last.version) + 1n;
  const taken = all.find(({ version }) => version === String(next));
  if (taken && (await squashesAll(taken, parts))) throw alreadyWritten(taken);
  if (taken || next > largestVersion)
    throw new Failure(
      "usage",
      "squash-refused",
      `The squash would need the version ${String(next)}, which is ${taken ? `already that of ${migrationLabel(taken)}` : "too large"}. Nothing was written.`,
      {
        hints: taken
          ? [retryHint({ with: ["--to", taken.version], reason: "include that one in the squash" })]
          : [],
      },
    );
  return String(next);
}

async function squashesAll({ up }: Migration, parts: readonly Migration[]): Promise<boolean> {
  const squashes = (await up?.body())?.directives.squashes;
  return squashes?.join() === parts.map(({ version }) => version).join();
}

/** The command was run before. */
function alreadyWritten(squash: Migration): Failure {
  const label = migrationLabel(squash);
  return new Failure(
    "usage",
    "squash-refused",
    `${label} already squashes these migrations. Nothing was written.`,
    {
      hints: [
        textHint("Remove the directories of these migrations: the squash is complete."),
        retryHint({ reason: `to write it again, after removing the directory of ${label}` }),
      ],
    },
  );
}

function parentOf({ root, migrationsDirectory, configVersion }: Project, database: string): string {
  const directory = join(root, migrationsDirectory);
  return configVersion === 3 ? join(directory, database) : directory;
}

async function write(
  directory: string,
  { up, down }: { readonly up: string; readonly down?: string },
): Promise<void> {
  try {
    await mkdir(directory);
    await writeFile(join(directory, "up.sql"), up);
    if (down !== undefined) await writeFile(join(directory, "down.sql"), down);
  } catch (cause) {
    throw new Failure(
      "usage",
      "migration-directory",
      `The directory ${directory} could not be created.`,
      { cause, hints: [runHint(["squash", "--help"], "choose another name")] },
    );
  }
}

/** Removes the directory of a migration, or only its files if the directory contains others. */
async function remove({ version, up, down }: Migration, root: string): Promise<void> {
  for (const file of [up, down]) {
    if (file === undefined) continue;
    const path = join(root, file.path);
    const directory = dirname(path);
    const isOwn = new RegExp(`^0*${version}(_|$)`).test(basename(directory));
    await rm(isOwn ? directory : path, { recursive: isOwn, force: true });
  }
}
