import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readProject } from "../../engine/project/project.ts";
import { Failure } from "../../protocol/failure.ts";
import { findProjectRoot } from "./find-project.ts";
import type { CliContext } from "../context.ts";

export interface NewMigration {
  readonly name: string;
  readonly database?: string | undefined;
  readonly sql?: string | undefined;
  readonly downSql?: string | undefined;
  /** The project, relative to the working directory. */
  readonly migrations?: string | undefined;
}

/**
 * Makes `<unix milliseconds>_<name>/` with up.sql and down.sql, as the Hasura CLI does
 * (docs/internals/hasura-protocol.md, "Versions" and "Empty, duplicate and missing files").
 * Throws usage failures for a name that cannot be one, and for a directory that exists already.
 */
export async function createMigration(
  context: CliContext,
  it: NewMigration,
): Promise<{ version: string; directory: string }> {
  const name = it.name.trim().replace(/\s+/g, "_");
  if (name === "" || /[/\\]/.test(name) || name.includes("\0") || name.startsWith(".")) {
    throw new Failure(
      "usage",
      "migration-name",
      `"${it.name}" cannot be a migration's name: it becomes part of a directory's name.`,
    );
  }
  const parent = await parentOf(context, it);
  const version = String(context.now());
  const directory = join(parent, `${version}_${name}`);
  try {
    await mkdir(parent, { recursive: true });
    await mkdir(directory);
    await writeFile(join(directory, "up.sql"), ended(it.sql));
    await writeFile(join(directory, "down.sql"), ended(it.downSql));
  } catch (cause) {
    throw new Failure(
      "usage",
      "migration-directory",
      `The directory ${directory} could not be made.`,
      { cause },
    );
  }
  return { version, directory };
}

async function parentOf(
  context: CliContext,
  { migrations, database = "default" }: NewMigration,
): Promise<string> {
  if (/[/\\]|^\.+$/.test(database))
    throw new Failure(
      "usage",
      "database-name",
      `"${database}" cannot be a database's name here: it is a directory's name.`,
    );
  const base = resolve(context.cwd, migrations ?? ".");
  const root = migrations === undefined ? findProjectRoot(base) : base;
  // Nothing here yet: the layout of today's projects.
  if (root === undefined) return join(base, "migrations", database);
  const project = await readProject(root);
  const directory = join(project.root, project.migrationsDirectory);
  return project.configVersion === 3 ? join(directory, database) : directory;
}

function ended(sql: string | undefined): string {
  return sql === undefined || sql.endsWith("\n") ? (sql ?? "") : `${sql}\n`;
}
