import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestProject } from "vitest/node";
import { startPostgres } from "../../src/local/postgres/index.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser's URL of the server that all tests share. */
    databaseUrl: string;
  }
}

/**
 * One PostgreSQL server for all projects of a run: the one that HASURA_TEST_DATABASE_URL names, else the embedded one, which the
 * first project starts and leaves to the others in that variable.
 */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["HASURA_TEST_DATABASE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("databaseUrl", given);
    return undefined;
  }
  const scratch = await mkdtemp(join(tmpdir(), "hasura-migrate-test-"));
  await chmod(scratch, 0o711); // as root, the server runs under another user
  const server = await startPostgres({ directory: join(scratch, "postgres") });
  process.env["HASURA_TEST_DATABASE_URL"] = server.url;
  project.provide("databaseUrl", server.url);
  return async () => {
    delete process.env["HASURA_TEST_DATABASE_URL"];
    await server.stop();
    for (const directory of [scratch, dirname(server.data)])
      await rm(directory, { recursive: true, force: true });
    await removeDatabasesOfTests(dirname(dirname(server.data)));
  };
}

/** Those of temporary projects that are gone: the program keeps them, because they could have been moved. */
async function removeDatabasesOfTests(databases: string): Promise<void> {
  for (const name of await readdir(databases)) {
    const home = join(databases, name);
    const origin = await readFile(join(home, "origin"), "utf8").catch(() => undefined);
    if (origin?.startsWith(`${tmpdir()}/`) && !existsSync(origin))
      await rm(home, { recursive: true, force: true });
  }
}
