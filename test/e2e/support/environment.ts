import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "vitest";
import * as z from "zod";
import { freshDatabase, freshDirectory } from "../../support/postgres.ts";
import { root, run, start, type Options, type Ran, type Running } from "./cli.ts";

export const sample = join(root, "migrations");

const Serving = z.object({
  type: z.literal("serving"),
  lambdaUrl: z.url(),
  hasuraUrl: z.url(),
  adminSecret: z.string(),
});

/** `hasura-migrate local --serve`, and other commands that are pointed at it. */
export interface Served {
  readonly lambdaUrl: string;
  readonly hasuraUrl: string;
  readonly adminSecret: string;
  readonly databaseUrl: string;
  readonly server: Running;
  /** `hasura-migrate ARGV --endpoint-url …`, to its end. */
  run(argv: readonly string[], options?: Options): Promise<Ran>;
  /** The same, while it runs. */
  start(argv: readonly string[], options?: Options): Promise<Running>;
}

/** Serves a project on a new database of the test's server. `more`: other options of `local`. */
export async function serve(
  t: TestContext,
  migrations: string,
  more: readonly string[] = [],
): Promise<Served> {
  const databaseUrl = await freshDatabase(t);
  const server = await start(t, [
    "local",
    "--serve",
    "--json",
    "--migrations",
    migrations,
    "--database-url",
    databaseUrl,
    ...more,
  ]);
  await server.shows(/\n/);
  const serving = Serving.parse(JSON.parse(server.stdout));
  const pointed = (argv: readonly string[]) => [...argv, "--endpoint-url", serving.lambdaUrl];
  return {
    ...serving,
    databaseUrl,
    server,
    run: (argv, options) => run(t, pointed(argv), options),
    start: (argv, options) => start(t, pointed(argv), options),
  };
}

/** One migration of a test's project: what `up.sql` and `down.sql` hold. */
export type Files = Readonly<Record<string, { readonly up: string; readonly down?: string }>>;

/** A Hasura project, config v3, with these migrations of the database `default`, by `<version>_<name>`. */
export async function project(t: TestContext, files: Files): Promise<string> {
  const directory = await freshDirectory(t);
  writeFileSync(join(directory, "config.yaml"), "version: 3\n");
  writeMigrations(directory, files);
  return directory;
}

/** Adds migrations to a project. */
export function writeMigrations(directory: string, files: Files): void {
  for (const [name, { up, down }] of Object.entries(files)) {
    const folder = join(directory, "migrations/default", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "up.sql"), up);
    if (down !== undefined) writeFileSync(join(folder, "down.sql"), down);
  }
}
