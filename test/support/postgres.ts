import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import pg from "pg";
import { cleanUp } from "./clean-up.ts";
import { startPostgres, type PostgresServer } from "../../src/local/postgres/index.ts";

/** A temporary directory that others may pass through: as root the server runs under another user. */
async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "hasura-migrate-test-"));
  await chmod(directory, 0o711);
  return directory;
}

/** A directory for one test, removed after it. */
export async function freshDirectory(t: TestContext): Promise<string> {
  const directory = await temporaryDirectory();
  cleanUp(t, () => rm(directory, { recursive: true, force: true }));
  return directory;
}

let own: Promise<{ server: PostgresServer; directory: string }> | undefined;

async function startOwn(): Promise<{ server: PostgresServer; directory: string }> {
  const directory = await temporaryDirectory();
  return { server: await startPostgres({ directory }), directory };
}

// Registered while the file loads, so it belongs to the whole process and not to the first test that needs a database.
after(async () => {
  const started = await own;
  await started?.server.stop();
  if (started) await rm(started.directory, { recursive: true, force: true });
});

/** A superuser's URL: the server that the test runner started (HASURA_TEST_DATABASE_URL), or one for this process. */
export async function serverUrl(): Promise<string> {
  const shared = process.env["HASURA_TEST_DATABASE_URL"];
  if (shared !== undefined && shared !== "") return shared;
  own ??= startOwn();
  return (await own).server.url;
}

/** The URL of a new empty database, dropped after the test. */
export async function freshDatabase(t: TestContext): Promise<string> {
  const url = new URL(await serverUrl());
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await query(url.href, `CREATE DATABASE ${name}`);
  cleanUp(t, () => query(url.href, `DROP DATABASE ${name} WITH (FORCE)`));
  const fresh = new URL(url);
  fresh.pathname = `/${name}`;
  return fresh.href;
}

/** Runs one statement on a connection of its own; the rows as objects. */
export async function query(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql, values);
    return rows;
  } finally {
    await client.end();
  }
}
