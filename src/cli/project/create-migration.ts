import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readProject } from "../../engine/project/project.ts";
import { Failure } from "../../protocol/failure.ts";
import { findProjectRoot } from "./find-project.ts";
import type { CliContext } from "../context.ts";

/** What a new migration is made of. */
export interface NewMigration {
  readonly name: string;
  readonly database?: string | undefined;
  readonly sql?: string | undefined;
  readonly downSql?: string | undefined;
  /** The project, relative to the working directory. */
  readonly migrations?: string | undefined;
}

/**
 * Creates `<unix milliseconds>_<name>/` with up.sql and down.sql, as the Hasura CLI does
 * (docs/internals/hasura-protocol.md, "Versions" and "Empty, duplicate and missing files").
 * Throws usage failures for an invalid name and for a directory that cannot be created.
 */
export async function createMigration(
  context: CliContext,
  migration: NewMigration,
): Promise<{ version: string; directory: string }> {
  const name = migration.name.trim().replace(/\s+/g, "_");
  if (name === "" || /[/\\]/.test(name) || name.includes("\0") || name.startsWith(".")) {
    throw new Failure(
      "usage",
      "migration-name",
      `"${migration.name}" is not a valid migration name: it becomes part of a directory name, so it cannot be empty, start with a dot or contain a slash.`,
    );
  }
  const parent = await parentDirectory(context, migration);
  const version = String(context.now());
  const directory = join(parent, `${version}_${name}`);
  try {
    await mkdir(parent, { recursive: true });
    await mkdir(directory);
    await writeFile(join(directory, "up.sql"), withTrailingNewline(migration.sql));
    await writeFile(join(directory, "down.sql"), withTrailingNewline(migration.downSql));
  } catch (cause) {
    throw new Failure(
      "usage",
      "migration-directory",
      `The directory ${directory} could not be created.`,
      { cause },
    );
  }
  return { version, directory };
}

async function parentDirectory(
  context: CliContext,
  { migrations, database = "default" }: NewMigration,
): Promise<string> {
  if (/[/\\]|^\.+$/.test(database))
    throw new Failure(
      "usage",
      "database-name",
      `"${database}" is not a valid database name: it becomes a directory name, so it cannot contain a slash or consist of dots.`,
    );
  const base = resolve(context.cwd, migrations ?? ".");
  const root = migrations === undefined ? findProjectRoot(base) : base;
  // No project yet: use the layout of config version 3.
  if (root === undefined) return join(base, "migrations", database);
  const project = await readProject(root);
  const directory = join(project.root, project.migrationsDirectory);
  return project.configVersion === 3 ? join(directory, database) : directory;
}

function withTrailingNewline(sql = ""): string {
  return sql === "" || sql.endsWith("\n") ? sql : `${sql}\n`;
}
